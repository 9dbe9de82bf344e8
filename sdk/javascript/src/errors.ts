/** What can go wrong, as classes: catch `KyozoError`, or the one you can do something about. */

export interface ErrorFacts {
  /** The stable code of the API, for example `service.busy`. */
  code: string;
  /** The HTTP status; 0 where there was no answer. */
  status?: number;
  requestId?: string | null;
  /** By field, its complaints. */
  details?: Record<string, string[]>;
  /** What to do next. */
  fix?: string | null;
  /** Ids and figures. */
  params?: Record<string, unknown>;
  /** Seconds that the server asks to wait. */
  retryAfter?: number | null;
  cause?: unknown;
}

/** Everything this package throws, but for mistakes in a call (`TypeError`) and aborts. */
export class KyozoError extends Error {
  readonly code: string;
  readonly status: number;
  readonly requestId: string | null;
  readonly details: Record<string, string[]>;
  readonly fix: string | null;
  readonly params: Record<string, unknown>;
  readonly retryAfter: number | null;

  constructor(message: string, facts: ErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = new.target.name;
    this.code = facts.code;
    this.status = facts.status ?? 0;
    this.requestId = facts.requestId ?? null;
    this.details = facts.details ?? {};
    this.fix = facts.fix ?? null;
    this.params = facts.params ?? {};
    this.retryAfter = facts.retryAfter ?? null;
  }
}

/** 401: no token, or one that opens nothing (any more). */
export class UnauthorizedError extends KyozoError {}
/** 403: the role or the token's scope does not reach. */
export class ForbiddenError extends KyozoError {}
/** 404: not there, or not yours. */
export class NotFoundError extends KyozoError {}
/** 409: the state forbids it now; `code` says why. */
export class ConflictError extends KyozoError {}
/** 412: somebody changed it since the `etag` was read. */
export class ChangedError extends ConflictError {}
/** 413: the body or the archive is larger than the platform takes. */
export class TooLargeError extends KyozoError {}
/** 422: understood and not acceptable; see `details`. */
export class InvalidError extends KyozoError {}
/** 400: not the shape that the address takes. */
export class BadRequestError extends InvalidError {}
/** 429: too many requests; `retryAfter` says how many seconds to wait. */
export class RateLimitedError extends KyozoError {}
/** 5xx: the platform, or something before it, failed. */
export class ServerError extends KyozoError {}
/** 502, 503, 504: it does not answer at the moment. */
export class UnavailableError extends ServerError {}
/** The connection failed or was cut; whether the request was carried out is not known. */
export class ConnectionFailedError extends KyozoError {}
/** No answer within the time limit; whether the request was carried out is not known. */
export class TimedOutError extends ConnectionFailedError {}
/** What answered is not the Kyozo API: no JSON, a redirect. */
export class ForeignAnswerError extends KyozoError {}
abstract class OperationError<Operation> extends KyozoError {
  readonly operation: Operation;

  constructor(message: string, facts: ErrorFacts & { operation: Operation }) {
    super(message, facts);
    this.operation = facts.operation;
  }
}

/** An operation that was waited for did not succeed; `operation` is all of it. */
export class OperationFailedError<Operation = unknown> extends OperationError<Operation> {}
/** It was not waited for any longer; the operation goes on. */
export class WaitTimeoutError<Operation = unknown> extends OperationError<Operation> {}

type ErrorClass = new (message: string, facts: ErrorFacts) => KyozoError;

const BY_STATUS: Record<number, ErrorClass> = {
  400: BadRequestError,
  401: UnauthorizedError,
  403: ForbiddenError,
  404: NotFoundError,
  409: ConflictError,
  412: ChangedError,
  413: TooLargeError,
  422: InvalidError,
  429: RateLimitedError,
  502: UnavailableError,
  503: UnavailableError,
  504: UnavailableError,
};

export function errorOf(status: number, message: string, facts: ErrorFacts): KyozoError {
  const made = BY_STATUS[status] ?? (status >= 500 ? ServerError : KyozoError);
  return new made(message, { ...facts, status });
}

/** The error that an answer of the API, or of a proxy before it, stands for. */
export async function errorFrom(answer: Response): Promise<KyozoError> {
  const said = describedBy(await answer.json().catch(() => null));
  return errorOf(answer.status, said.message ?? `the server answered ${answer.status}`, {
    code: said.code ?? `http_${answer.status}`,
    requestId: said.request_id ?? answer.headers.get("X-Request-ID"),
    details: said.details ?? {},
    fix: said.fix ?? null,
    params: said.params ?? {},
    retryAfter: secondsToWait(answer.headers.get("Retry-After")),
  });
}

interface Said {
  message?: string;
  code?: string;
  request_id?: string;
  details?: Record<string, string[]>;
  fix?: string;
  params?: Record<string, unknown>;
}

function describedBy(body: unknown): Said {
  const error = typeof body === "object" && body !== null && "error" in body ? body.error : null;
  return typeof error === "object" && error !== null ? error : {};
}

/** Of a Retry-After header: a number of seconds, or a date. */
export function secondsToWait(header: string | null, now = Date.now()): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const moment = Date.parse(header);
  return Number.isNaN(moment) ? null : Math.max(0, Math.ceil((moment - now) / 1000));
}

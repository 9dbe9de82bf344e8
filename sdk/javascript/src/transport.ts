/** One request and its answer: headers, time limits, and which failures are worth another try. */

import { baseOf, liveOf, part } from "./addresses.js";
import type { Body } from "./bodies.js";
import {
  ConnectionFailedError,
  KyozoError,
  TimedOutError,
  ForeignAnswerError,
  errorFrom,
} from "./errors.js";
import { wasCutBy, waitBefore } from "./retries.js";
import { Limit, pause } from "./waiting.js";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What every method takes as its last argument. */
export interface RequestOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds for one attempt, its answer included; 0 for no limit. */
  timeoutMs?: number | undefined;
  /** How often it is tried again. */
  retries?: number | undefined;
  /** A key of your own for a POST; without it each call makes one. */
  idempotencyKey?: string | undefined;
  /** Refuse with `ChangedError` when the service is not any more as this `etag` says. */
  ifMatch?: string | undefined;
}

export interface Settings {
  baseUrl: string;
  apiToken?: string | undefined;
  teamId?: string | undefined;
  /** Address of the live socket, where it is not beside the API. */
  liveUrl?: string | undefined;
  /** Milliseconds for one attempt; 30,000. */
  timeoutMs?: number | undefined;
  /** How often a request is tried again; 4. */
  retries?: number | undefined;
  fetch?: typeof globalThis.fetch | undefined;
}

export interface Call {
  method: Method;
  path: string;
  json?: unknown;
  upload?: { body: Body; type: string };
  accept?: string;
  /** Who asks: `nobody` sends no token, `person` no team. */
  as?: "team" | "person" | "nobody";
  /** A POST that the server takes without a key. */
  isKeyless?: boolean;
  /** A status that is an answer although it is not 2xx. */
  alsoFine?: number;
  options?: RequestOptions | undefined;
}

/** A call as it goes out, each attempt alike. */
export type Sent = Call & { key: string | undefined };

export interface Answer {
  status: number;
  headers: Headers;
  data: unknown;
  meta: unknown;
  /** All of it, for what has no `data`. */
  whole: Record<string, unknown>;
}

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

export class Transport {
  readonly base: string;
  readonly live: string;
  readonly #token: string | undefined;
  readonly #team: string | undefined;
  readonly #timeoutMs: number;
  readonly #retries: number;
  readonly #fetch: typeof globalThis.fetch;

  constructor(settings: Settings) {
    // Our own message: what is said of a bad header or subprotocol has the value in it.
    if (settings.apiToken !== undefined && !TOKEN.test(settings.apiToken)) {
      throw new TypeError("apiToken has characters that no token has");
    }
    this.base = baseOf(settings.baseUrl);
    this.live = settings.liveUrl ?? liveOf(this.base);
    this.#token = settings.apiToken;
    this.#team = settings.teamId;
    this.#timeoutMs = settings.timeoutMs ?? 30_000;
    this.#retries = settings.retries ?? 4;
    this.#fetch = settings.fetch ?? globalThis.fetch.bind(globalThis);
  }

  get teamId(): string | undefined {
    return this.#team;
  }

  /** `team("services", id)` is a path of the client's team. */
  team(...parts: (string | number)[]): string {
    return ["/teams", part(this.#team ?? "", "teamId"), ...parts.map((one) => part(one))].join("/");
  }

  /** What a socket offers to be let in: the token goes into no address. */
  get subprotocols(): string[] {
    return this.#token === undefined ? ["kyozo"] : ["kyozo", `kyozo.token.${this.#token}`];
  }

  /** The answer's JSON, after as many attempts as it takes and may have. */
  async send(call: Call): Promise<Answer> {
    const sent = { ...call, key: keyOf(call) };
    const outer = call.options?.signal;
    const retries = call.options?.retries ?? this.#retries;
    for (let attempt = 0, wasCut = false; ; attempt++) {
      const limit = new Limit(call.options?.timeoutMs ?? this.#timeoutMs, outer);
      try {
        return await this.#once(sent, limit, readJson);
      } catch (failure) {
        if (outer?.aborted) throw outer.reason;
        // The attempt before it did it, and only its answer was lost.
        if (call.method === "DELETE" && wasCut && isStatus(failure, 404)) return nothing();
        const wait = attempt < retries ? waitBefore(sent, failure, { attempt, wasCut }) : null;
        if (wait === null) throw failure;
        wasCut ||= wasCutBy(failure);
        await pause(wait, outer);
      } finally {
        limit.end();
      }
    }
  }

  /** One attempt; the body is the caller's to read, and the limit the caller's to renew and end. */
  async open(call: Call, limit: Limit): Promise<Response> {
    return this.#once({ ...call, key: undefined }, limit, async (answer) => answer);
  }

  async #once<T>(
    sent: Sent,
    limit: Limit,
    read: (answer: Response) => Promise<T>,
  ): Promise<T> {
    const { url, init } = await this.#prepared(sent, limit.signal);
    try {
      const answer = await this.#fetch(url, init);
      if (answer.type === "opaqueredirect" || (answer.status >= 300 && answer.status < 400)) {
        throw redirected(answer);
      }
      if (!answer.ok && answer.status !== sent.alsoFine) throw await errorFrom(answer);
      return await read(answer);
    } catch (failure) {
      throw this.#named(failure, sent, limit);
    }
  }

  async #prepared(sent: Sent, signal: AbortSignal): Promise<{ url: string; init: RequestInit }> {
    const headers = new Headers({ Accept: sent.accept ?? "application/json" });
    if (sent.as !== "nobody" && this.#token) headers.set("Authorization", `Bearer ${this.#token}`);
    if ((sent.as ?? "team") === "team" && this.#team) headers.set("X-Team-ID", this.#team);
    if (sent.key) headers.set("Idempotency-Key", sent.key);
    if (sent.options?.ifMatch) headers.set("If-Match", sent.options.ifMatch);
    const init: RequestInit & { duplex?: "half" } = {
      method: sent.method,
      headers,
      signal,
      // A token goes to the address it was given for and to no other.
      redirect: "manual",
      credentials: "omit",
      cache: "no-store",
    };
    if (sent.upload) {
      headers.set("Content-Type", sent.upload.type);
      init.body = await sent.upload.body.open();
      init.duplex = "half";
    } else if (sent.json !== undefined) {
      headers.set("Content-Type", "application/json");
      init.body = JSON.stringify(sent.json);
    }
    return { url: this.base + sent.path, init };
  }

  #named(failure: unknown, sent: Sent, limit: Limit): unknown {
    const what = `${sent.method} ${sent.path.split("?")[0]}`;
    if (failure instanceof KyozoError) return failure;
    if (limit.isOver) {
      return new TimedOutError(`${what}: no answer within the time limit`, { code: "timed_out" });
    }
    if (limit.signal.aborted) return limit.signal.reason;
    return new ConnectionFailedError(`${what}: the connection failed or was cut`, {
      code: "connection_failed",
      cause: failure,
    });
  }
}

async function readJson(answer: Response): Promise<Answer> {
  const { status, headers } = answer;
  const text = await answer.text();
  if (text === "") return nothing(headers);
  try {
    const whole = JSON.parse(text) as Record<string, unknown>;
    return { status, headers, data: whole["data"], meta: whole["meta"], whole };
  } catch (cause) {
    throw new ForeignAnswerError("the answer is not JSON: is this the address of the API?", {
      code: "not_json",
      status,
      cause,
    });
  }
}

function redirected(answer: Response): KyozoError {
  return new ForeignAnswerError("the server sends elsewhere: give the new address as baseUrl", {
    code: "redirected",
    status: answer.status,
  });
}

function nothing(headers = new Headers()): Answer {
  return { status: 204, headers, data: undefined, meta: undefined, whole: {} };
}

function isStatus(failure: unknown, status: number): boolean {
  return failure instanceof KyozoError && failure.status === status;
}

function keyOf(call: Call): string | undefined {
  if (call.method !== "POST" || call.isKeyless) return undefined;
  return call.options?.idempotencyKey ?? newKey();
}

/** Not `randomUUID`, which browsers offer on https only. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

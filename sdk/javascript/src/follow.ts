/** A followed log: lines as they are said, across cuts, each of them once. */

import { withQuery } from "./addresses.js";
import {
  ConnectionFailedError,
  KyozoError,
  RateLimitedError,
  ServerError,
  TimedOutError,
  UnauthorizedError,
  ForeignAnswerError,
} from "./errors.js";
import type { Followed, GetServiceLogsQuery } from "./schemas.js";
import type { Transport } from "./transport.js";
import { Limit, backoff, pause } from "./waiting.js";

export interface LogLine {
  /** RFC 3339 with nanoseconds; null for lines that were kept without. */
  time: string | null;
  instance: string;
  stream: "stdout" | "stderr";
  line: string;
  /** Goes on right after this line. */
  cursor: string;
}

export interface FollowOptions extends Omit<GetServiceLogsQuery, "follow"> {
  signal?: AbortSignal | undefined;
  /** Without a sign of life for so many ms (45,000) it is asked anew; servers give one each 15 s. */
  idleMs?: number | undefined;
  /** How often in a row a connection may bring nothing before its error is thrown; 10. */
  retries?: number | undefined;
}

const PASSING = [ConnectionFailedError, TimedOutError, ServerError, RateLimitedError];
const LONGEST_MS = 15_000;

/**
 * Goes on until the service is removed, the signal is aborted (its reason is thrown) or the loop is
 * left. `UnauthorizedError` when the token or the membership ended.
 */
export async function* follow(
  transport: Transport,
  path: string,
  options: FollowOptions = {},
): AsyncGenerator<LogLine, void, undefined> {
  const { signal, idleMs = 45_000, retries = 10, ...asked } = options;
  let { cursor } = asked;
  for (let inVain = 0; ; inVain++) {
    const limit = new Limit(idleMs, signal);
    let failure: unknown;
    try {
      const answer = await transport.open(request(path, asked, cursor), limit);
      for await (const said of objects(answer)) {
        if (said.end === "service_removed") return;
        if (said.end === "access_ended") throw accessEnded(said);
        if (said.end) break; // too slow: what comes next is read from the last cursor
        inVain = 0;
        cursor = said.cursor ?? cursor;
        limit.renew(0); // its reader may take all the time there is
        if (said.line !== undefined) yield said as LogLine;
        limit.renew(idleMs);
      }
    } catch (caught) {
      if (signal?.aborted) throw signal.reason;
      failure = caught instanceof KyozoError ? caught : cut(caught);
      if (!PASSING.some((kind) => failure instanceof kind) || inVain >= retries) throw failure;
    } finally {
      limit.end();
    }
    // Also after a good end: a server that cannot follow answers the first lines and no more.
    await pause(waitAfter(failure, inVain), signal);
  }
}

/** With a cursor go neither `lines` nor `since`: they say where the first connection begins. */
function request(path: string, asked: GetServiceLogsQuery, cursor: string | undefined) {
  const { lines, since, ...always } = asked;
  const begin = cursor === undefined ? { lines, since } : { cursor };
  const query = { ...always, ...begin, follow: true };
  return { method: "GET", path: withQuery(path, query), accept: "application/x-ndjson" } as const;
}

/** Every whole line of a body as an object; one that was cut off half-way is left for next time. */
async function* objects(answer: Response): AsyncGenerator<Followed, void, undefined> {
  const reader = answer.body?.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const read = await reader?.read();
      if (!read || read.done) return;
      const lines = (rest + decoder.decode(read.value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line.trim()) yield parsed(line);
    }
  } finally {
    // Whoever leaves the loop closes the connection.
    await reader?.cancel().catch(() => undefined);
  }
}

function parsed(line: string): Followed {
  try {
    return JSON.parse(line) as Followed;
  } catch (cause) {
    throw new ForeignAnswerError("a line of the log is not JSON", { code: "not_json", cause });
  }
}

function waitAfter(failure: unknown, inVain: number): number {
  const asked = failure instanceof KyozoError ? (failure.retryAfter ?? 0) * 1000 : 0;
  return Math.max(asked, backoff(inVain, { most: LONGEST_MS }));
}

function cut(cause: unknown): ConnectionFailedError {
  const message = "the log's connection was cut";
  return new ConnectionFailedError(message, { code: "connection_failed", cause });
}

function accessEnded(said: Followed): UnauthorizedError {
  const message = said.message ?? "the token, the session or the membership ended";
  return new UnauthorizedError(message, { code: "access_ended", status: 401 });
}

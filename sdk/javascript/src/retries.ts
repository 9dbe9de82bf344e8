/** Which failures may pass, and how long to wait before the next attempt. */

import {
  ConnectionFailedError,
  KyozoError,
  RateLimitedError,
  TimedOutError,
  UnavailableError,
} from "./errors.js";
import type { Sent } from "./transport.js";
import { backoff } from "./waiting.js";

/** Waits that a server may ask for; beyond it the error is thrown at once. */
const LONGEST_ASKED_S = 60;

/** Milliseconds before the next attempt; null: there is no sense or no safety in one. */
export function waitBefore(
  sent: Sent,
  failure: unknown,
  { attempt, wasCut }: { attempt: number; wasCut: boolean },
): number | null {
  if (!(failure instanceof KyozoError) || sent.upload?.body.canRepeat === false) return null;
  // Whoever says how long they wait does not want to wait five times as long.
  if (failure instanceof TimedOutError) return null;
  const asked = failure.retryAfter ?? 0;
  if (asked > LONGEST_ASKED_S) return null;
  const wait = Math.max(asked * 1000, backoff(attempt));
  if (failure instanceof RateLimitedError) return wait;
  // The attempt before still runs; its answer is kept for this key.
  if (wasCut && failure.code === "idempotency.unfinished") return wait;
  return wasCutBy(failure) && isHarmlessTwice(sent) ? wait : null;
}

/** Whether the request may have been carried out although it failed. */
export function wasCutBy(failure: unknown): boolean {
  return failure instanceof ConnectionFailedError || failure instanceof UnavailableError;
}

function isHarmlessTwice(sent: Sent): boolean {
  switch (sent.method) {
    case "POST":
      return sent.key !== undefined;
    case "PATCH":
      return false;
    case "PUT":
      // What the first attempt changed would look like somebody else's change to the second.
      return sent.options?.ifMatch === undefined;
    default:
      return true;
  }
}

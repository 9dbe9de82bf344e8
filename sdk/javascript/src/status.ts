/** Live status: over a WebSocket where there is one, else by asking for the events after the last. */

import { withQuery } from "./addresses.js";
import {
  BadRequestError,
  ForbiddenError,
  KyozoError,
  NotFoundError,
  UnauthorizedError,
  errorOf,
} from "./errors.js";
import type { Event, Service } from "./schemas.js";
import { type SocketClass, session } from "./socket.js";
import type { Answer, Transport } from "./transport.js";
import { backoff, pause } from "./waiting.js";

export type ServiceStatus = Service["status"];

export interface StatusChange {
  serviceId: string;
  name: string;
  status: ServiceStatus;
  previousStatus: ServiceStatus | null;
  /** When, as RFC 3339. */
  timestamp: string;
  /** Of the team; `since` goes on after it. */
  sequenceNumber: number;
}

export type StatusListener = (
  serviceId: string,
  status: ServiceStatus,
  change: StatusChange,
) => unknown;

export interface StatusOptions {
  /** Only these services; all of the team if not said. */
  serviceIds?: readonly string[] | undefined;
  /** Begin after this number instead of now. */
  since?: number | undefined;
  /** Aborted, it ends as by `close()`. */
  signal?: AbortSignal | undefined;
  /** What ended it, and what a listener threw; without it they are written to the console. */
  onError?: ((error: unknown) => void) | undefined;
  /** Changes were missed that the server no longer keeps: read the services anew. */
  onResync?: (() => void) | undefined;
  /** The class for sockets; null follows over HTTP. Usually the global one, if there is one. */
  WebSocket?: SocketClass | null | undefined;
  /** Milliseconds between two looks over HTTP; 2000, and more where requests are limited. */
  pollMs?: number | undefined;
}

const PAGE = 1000;
const LONGEST_MS = 30_000;
const USEFUL_MS = 5000;
const AWAY_MS = 3_600_000;
const FINAL = [UnauthorizedError, ForbiddenError, NotFoundError, BadRequestError];

/** One subscription. Cuts are bridged: no change is left out, and none is told twice. */
export class StatusWatch {
  /** Fulfilled as soon as no change can be missed any more. */
  readonly ready: Promise<void>;
  /** Fulfilled after `close()`; rejected with what ended it before. */
  readonly closed: Promise<void>;
  readonly #transport: Transport;
  readonly #listener: StatusListener;
  readonly #options: StatusOptions;
  readonly #end = new AbortController();
  readonly #wanted: ReadonlySet<string> | null;
  #since: number;
  #looked = Date.now();
  #isReady: () => void = () => undefined;

  constructor(transport: Transport, listener: StatusListener, options: StatusOptions = {}) {
    this.#transport = transport;
    this.#listener = listener;
    this.#options = options;
    this.#since = options.since ?? -1;
    this.#wanted = options.serviceIds ? new Set(options.serviceIds) : null;
    if (options.signal?.aborted) this.#end.abort();
    options.signal?.addEventListener("abort", this.#stop, { once: true });
    this.ready = new Promise((resolve) => (this.#isReady = resolve));
    this.closed = this.#run();
    // Who does not look at `closed` hears of it by onError, and no process ends of it.
    this.closed.catch(() => undefined);
  }

  /** The number of the last change that was told; `since` of a later subscription. */
  get lastSequenceNumber(): number {
    return this.#since;
  }

  close(): void {
    this.#stop();
  }

  readonly #stop = (): void => this.#end.abort();

  async #run(): Promise<void> {
    try {
      await this.#follow();
    } catch (failure) {
      if (this.#end.signal.aborted) return;
      this.#report(failure);
      throw failure;
    } finally {
      this.#isReady();
      this.#options.signal?.removeEventListener("abort", this.#stop);
    }
  }

  async #follow(): Promise<void> {
    const socket = socketClass(this.#options.WebSocket);
    for (let failed = 0; !this.#end.signal.aborted; ) {
      try {
        // Also where sockets are not let through; and HTTP says why somebody is refused.
        const wait = socket && this.#since >= 0 && !failed ? 0 : await this.#catchUp();
        this.#isReady();
        const worked = socket === null || (await this.#listen(socket));
        failed = worked ? 0 : failed + 1;
        // Where HTTP gets through and sockets do not, nobody waits much longer than without sockets.
        const next = wait ? Math.min(pauseAfter(failed), 2 * wait) : pauseAfter(failed);
        await pause(socket === null ? wait : next, this.#end.signal);
      } catch (failure) {
        if (!mayPass(failure)) throw failure;
        const asked = ((failure as KyozoError).retryAfter ?? 0) * 1000;
        await pause(Math.max(asked, pauseAfter(failed++)), this.#end.signal);
      }
    }
  }

  /** Everything after the last number; the milliseconds until it is worth looking again. */
  async #catchUp(): Promise<number> {
    if (this.#since < 0) {
      const answer = await this.#ask({ limit: 1 });
      this.#since = (answer.meta as { last: number | null }).last ?? 0;
      return this.#until(answer);
    }
    for (;;) {
      const asked = { since: this.#since, event: "service_status_changed", limit: PAGE };
      const answer = await this.#ask(asked);
      const rows = answer.data as Event[];
      // A list of events does not say that older ones are gone; they are kept for longer than this.
      if (Date.now() - this.#looked > AWAY_MS) this.#guarded(() => this.#options.onResync?.());
      this.#looked = Date.now();
      for (const row of rows) this.#tell(changeOfEvent(row));
      if (rows.length < PAGE) return this.#until(answer);
    }
  }

  #ask(query: object): Promise<Answer> {
    const path = withQuery(this.#transport.team("events"), query);
    return this.#transport.send({ method: "GET", path, options: { signal: this.#end.signal } });
  }

  /** Half of what the rate limit still allows is left to others. */
  #until({ headers }: Answer): number {
    const usual = this.#options.pollMs ?? 2000;
    const left = Number(headers.get("X-RateLimit-Remaining") ?? Infinity);
    const reset = Number(headers.get("X-RateLimit-Reset") ?? 0) * 1000 - Date.now();
    return Math.max(usual, Math.min(60_000, (2 * Math.max(0, reset)) / Math.max(1, left)));
  }

  /** Until the socket is closed; whether it was of any use. */
  async #listen(socket: SocketClass): Promise<boolean> {
    const since = new URLSearchParams({ since: String(this.#since) });
    if (this.#transport.teamId) since.set("team_id", this.#transport.teamId);
    const end = await session({
      socket,
      url: `${this.#transport.live}?${since}`,
      protocols: this.#transport.subprotocols,
      greeting: this.#wanted ? { type: "subscribe", service_ids: [...this.#wanted] } : null,
      signal: this.#end.signal,
      onFrame: (frame) => this.#hear(frame),
    });
    if (end.code >= 4400 && end.code <= 4404) {
      const message = `the live socket was closed: ${end.reason || end.code}`;
      throw errorOf(end.code - 4000, message, { code: `closed_${end.code}` });
    }
    return end.lastedMs > USEFUL_MS;
  }

  #hear(frame: Frame): void {
    this.#looked = Date.now();
    if (frame.event === "service_status_changed") this.#tell(changeOfFrame(frame));
    else if (frame.event === "resync") {
      this.#since = frame.sequence_number ?? this.#since;
      this.#guarded(() => this.#options.onResync?.());
    } else if (frame.sequence_number !== undefined) {
      this.#since = Math.max(this.#since, frame.sequence_number);
    }
  }

  /** Duplicates are possible on the wire; they end here. */
  #tell(change: StatusChange): void {
    if (this.#end.signal.aborted || change.sequenceNumber <= this.#since) return;
    this.#since = change.sequenceNumber;
    if (this.#wanted && !this.#wanted.has(change.serviceId)) return;
    this.#guarded(() => this.#listener(change.serviceId, change.status, change));
  }

  /** A listener that throws, at once or later, misses nothing that comes after. */
  #guarded(call: () => unknown): void {
    try {
      Promise.resolve(call()).catch((failure: unknown) => this.#report(failure));
    } catch (failure) {
      this.#report(failure);
    }
  }

  #report(failure: unknown): void {
    if (this.#options.onError) this.#options.onError(failure);
    else console.error("kyozo: live status:", failure);
  }
}

interface Frame {
  event?: string;
  sequence_number?: number;
  payload?: Record<string, unknown>;
}

function changeOfFrame({ payload = {}, sequence_number = 0 }: Frame): StatusChange {
  return {
    serviceId: payload["service_id"] as string,
    name: payload["name"] as string,
    status: payload["status"] as ServiceStatus,
    previousStatus: payload["previous_status"] as ServiceStatus | null,
    timestamp: payload["timestamp"] as string,
    sequenceNumber: sequence_number,
  };
}

function changeOfEvent(row: Event): StatusChange {
  return {
    serviceId: row.service_id ?? "",
    name: row.service_name,
    status: row.event_data["status"] as ServiceStatus,
    previousStatus: row.event_data["previous_status"] as ServiceStatus | null,
    timestamp: row.occurred_at,
    sequenceNumber: row.sequence_number,
  };
}

function pauseAfter(failed: number): number {
  return backoff(failed, { first: 500, most: LONGEST_MS });
}

function socketClass(given: SocketClass | null | undefined): SocketClass | null {
  if (given !== undefined) return given;
  return (globalThis as { WebSocket?: SocketClass }).WebSocket ?? null;
}

/** What no waiting mends: a mistake in the call, and what the server says of who asks. */
function mayPass(failure: unknown): boolean {
  return failure instanceof KyozoError && !FINAL.some((kind) => failure instanceof kind);
}

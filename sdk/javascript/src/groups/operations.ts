import { OperationFailedError, WaitTimeoutError } from "../errors.js";
import { type FollowOptions, type LogLine, follow } from "../follow.js";
import { Group } from "../group.js";
import type { Listing } from "../pages.js";
import type * as api from "../schemas.js";
import type { RequestOptions } from "../transport.js";
import { pause } from "../waiting.js";

export interface WaitOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds until `WaitTimeoutError`: 900,000. The operation goes on. */
  withinMs?: number | undefined;
  /** Milliseconds between two looks; 1000. */
  pollMs?: number | undefined;
  /** At each look that shows something new. */
  onProgress?: ((operation: api.Operation) => void) | undefined;
}

/** What a verb answers. */
export type Begun = { readonly meta: api.OperationMeta };

/** What was asked for, with its steps. */
export class Operations extends Group {
  list(query?: api.ListOperationsQuery, options?: RequestOptions): Listing<api.Operation> {
    return this.listed(this.transport.team("operations"), query, options);
  }

  get(id: string, options?: RequestOptions): Promise<api.Operation> {
    return this.read(this.transport.team("operations", id), {}, options);
  }

  /** Until the switch; twice is harmless. */
  cancel(id: string, options?: RequestOptions): Promise<api.Operation> {
    const path = this.transport.team("operations", id, "cancel");
    return this.change("POST", path, undefined, options);
  }

  /**
   * Until it succeeded: an operation, its id, or what a verb answered; null for a verb that had
   * nothing to do. `OperationFailedError` if it ended in any other way.
   */
  waitFor(of: string | api.Operation, options?: WaitOptions): Promise<api.Operation>;
  waitFor(of: Begun, options?: WaitOptions): Promise<api.Operation | null>;
  async waitFor(
    of: string | api.Operation | Begun,
    options: WaitOptions = {},
  ): Promise<api.Operation | null> {
    const id = typeof of === "string" ? of : "meta" in of ? of.meta.operation_id : of.id;
    return id === null ? null : this.#succeeded(id, options);
  }

  async #succeeded(id: string, options: WaitOptions): Promise<api.Operation> {
    const { signal, withinMs = 900_000, pollMs = 1000, onProgress } = options;
    const end = Date.now() + withinMs;
    for (let shown = ""; ; ) {
      const operation = await this.get(id, { signal });
      const now = JSON.stringify(operation);
      if (now !== shown) onProgress?.(operation);
      shown = now;
      if (operation.state === "succeeded") return operation;
      if (operation.state !== "queued" && operation.state !== "running") throw failed(operation);
      if (Date.now() + pollMs > end) throw late(operation);
      await pause(pollMs, signal);
    }
  }
}

/** How images were made. */
export class Builds extends Group {
  list(query?: api.ListBuildsQuery, options?: RequestOptions): Listing<api.BuildBrief> {
    return this.listed(this.transport.team("builds"), query, options);
  }

  get(id: string, options?: RequestOptions): Promise<api.Build> {
    return this.read(this.transport.team("builds", id), {}, options);
  }

  getLog(id: string, query?: api.GetBuildLogQuery, options?: RequestOptions): Promise<api.BuildLog> {
    return this.read(this.transport.team("builds", id, "log"), query, options);
  }

  /** The pieces of a build's log as they come, until the build ends. */
  async *followLog(
    id: string,
    { pollMs = 1000, signal }: { pollMs?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<api.LogChunk, void, undefined> {
    for (let after = 0; ; ) {
      const log = await this.getLog(id, { after }, { signal });
      yield* log.chunks;
      after = log.last;
      if (log.state !== "running" && log.chunks.length === 0) return;
      if (log.chunks.length === 0) await pause(pollMs, signal);
    }
  }
}

/** What services and builds write. */
export class Logs extends Group {
  get(
    serviceId: string,
    query?: Omit<api.GetServiceLogsQuery, "follow">,
    options?: RequestOptions,
  ): Promise<api.Logs> {
    return this.read(this.transport.team("services", serviceId, "logs"), query, options);
  }

  /** As `services.followLogs`. */
  follow(serviceId: string, options?: FollowOptions): AsyncGenerator<LogLine, void, undefined> {
    return follow(this.transport, this.transport.team("services", serviceId, "logs"), options);
  }
}

/** Numbered, in order: what happened to services. */
export class Events extends Group {
  /** One answer; `meta.last` is the `since` of the next. */
  async list(query?: api.ListEventsQuery, options?: RequestOptions): Promise<EventList> {
    return this.read(this.transport.team("events"), query, options);
  }

  /** All that came after `since` and is kept, oldest first, until there is no more. */
  async *iterate(
    query: Omit<api.ListEventsQuery, "before"> = {},
    options?: RequestOptions,
  ): AsyncGenerator<api.Event, void, undefined> {
    for (let since = query.since ?? 0; ; ) {
      const rows = await this.list({ limit: 1000, ...query, since }, options);
      yield* rows;
      if (rows.length === 0) return;
      since = rows.meta.last ?? since;
    }
  }
}

export type EventList = api.Event[] & { readonly meta: api.Last };

function failed(operation: api.Operation): OperationFailedError<api.Operation> {
  const said = (operation.error ?? {}) as Partial<Record<"code" | "message" | "fix", string>>;
  const message = `${operation.kind} of ${operation.service_name} ${operation.state}`;
  return new OperationFailedError(said.message ? `${message}: ${said.message}` : message, {
    code: said.code ?? `operation.${operation.state}`,
    fix: said.fix ?? null,
    operation,
  });
}

function late(operation: api.Operation): WaitTimeoutError<api.Operation> {
  const message = `operation ${operation.id} has not ended yet`;
  return new WaitTimeoutError(message, { code: "wait_timeout", operation });
}

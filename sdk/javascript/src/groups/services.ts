import { type FollowOptions, type LogLine, follow } from "../follow.js";
import { Group, type Ordered, type Tagged } from "../group.js";
import type { Listing } from "../pages.js";
import type * as api from "../schemas.js";
import type { SocketClass } from "../socket.js";
import { type StatusListener, type StatusOptions, StatusWatch } from "../status.js";
import type { RequestOptions, Transport } from "../transport.js";

type Created = Tagged<api.ServiceDetail>;
type Asked = Promise<Ordered<api.Service>>;

/** What runs, and what is asked of it. */
export class Services extends Group {
  readonly #socket: SocketClass | null | undefined;

  constructor(transport: Transport, socket: SocketClass | null | undefined) {
    super(transport);
    this.#socket = socket;
  }

  list(query?: api.ListServicesQuery, options?: RequestOptions): Listing<api.Service> {
    return this.listed(this.#path(), query, options);
  }

  create(service: api.CreateServiceBody["service"], options?: RequestOptions): Promise<Created> {
    return this.change("POST", this.#path(), { service }, options);
  }

  get(id: string, options?: RequestOptions): Promise<Created> {
    return this.read(this.#path(id), {}, options);
  }

  /** Replaces each setting that is named, maps as a whole. */
  replace(
    id: string,
    service: api.ReplaceServiceSettingsBody["service"],
    options?: RequestOptions,
  ): Promise<Created> {
    return this.change("PUT", this.#path(id), { service }, options);
  }

  /** Merges into maps; null deletes an entry. */
  update(
    id: string,
    service: api.ChangeServiceSettingsBody["service"],
    options?: RequestOptions,
  ): Promise<Created> {
    return this.change("PATCH", this.#path(id), { service }, options);
  }

  /** With `volumes` its data goes, too. */
  remove(id: string, query?: api.RemoveServiceQuery, options?: RequestOptions): Promise<void> {
    return this.removed(this.#path(id), query, options);
  }

  /** One that never ran gets its first deploy. */
  start(id: string, options?: RequestOptions): Asked {
    return this.change("POST", this.#path(id, "start"), {}, options);
  }

  stop(id: string, options?: RequestOptions): Asked {
    return this.change("POST", this.#path(id, "stop"), {}, options);
  }

  restart(id: string, options?: RequestOptions): Asked {
    return this.change("POST", this.#path(id, "restart"), {}, options);
  }

  scale(id: string, replicaCount: number, options?: RequestOptions): Asked {
    const body = { replica_count: replicaCount };
    return this.change("POST", this.#path(id, "scale"), body, options);
  }

  deploy(id: string, how: api.DeployServiceBody = {}, options?: RequestOptions): Asked {
    return this.change("POST", this.#path(id, "deploy"), how, options);
  }

  /** To the release before, unless another is named. */
  rollback(id: string, to: api.RollBackServiceBody = {}, options?: RequestOptions): Asked {
    return this.change("POST", this.#path(id, "rollback"), to, options);
  }

  getStatus(id: string, options?: RequestOptions): Promise<api.ServiceStatus> {
    return this.read(this.#path(id, "status"), {}, options);
  }

  getHealth(id: string, options?: RequestOptions): Promise<api.ServiceHealth> {
    return this.read(this.#path(id, "health"), {}, options);
  }

  getMetrics(
    id: string,
    query?: api.GetServiceMetricsQuery,
    options?: RequestOptions,
  ): Promise<api.Metrics> {
    return this.read(this.#path(id, "metrics"), query, options);
  }

  getLogs(
    id: string,
    query?: Omit<api.GetServiceLogsQuery, "follow">,
    options?: RequestOptions,
  ): Promise<api.Logs> {
    return this.read(this.#path(id, "logs"), query, options);
  }

  /** The last lines and each new one, across cuts; leave the loop or abort the signal to end it. */
  followLogs(id: string, options?: FollowOptions): AsyncGenerator<LogLine, void, undefined> {
    return follow(this.transport, this.#path(id, "logs"), options);
  }

  /** Calls the listener at each change from now on, until the watch is closed. */
  onStatusChange(listener: StatusListener, options: StatusOptions = {}): StatusWatch {
    const socket = options.WebSocket === undefined ? this.#socket : options.WebSocket;
    return new StatusWatch(this.transport, listener, { ...options, WebSocket: socket });
  }

  #path(...parts: string[]): string {
    return this.transport.team("services", ...parts);
  }
}

/** What was run, numbered; what a rollback goes back to. */
export class Releases extends Group {
  list(
    serviceId: string,
    query?: api.ListReleasesQuery,
    options?: RequestOptions,
  ): Listing<api.Release> {
    return this.listed(this.transport.team("services", serviceId, "releases"), query, options);
  }

  /** What a release changed, against the one before if no other is named. */
  compare(
    serviceId: string,
    number: number,
    query?: api.CompareReleasesQuery,
    options?: RequestOptions,
  ): Promise<api.ReleaseDiff> {
    const path = this.transport.team("services", serviceId, "releases", number, "diff");
    return this.read(path, query, options);
  }
}

/** Environment variables alone. */
export class Env extends Group {
  get(serviceId: string, options?: RequestOptions): Promise<Tagged<api.Variables>> {
    return this.read(this.transport.team("services", serviceId, "env"), {}, options);
  }

  /** Sets those that are named; null deletes one. */
  update(
    serviceId: string,
    change: api.ChangeVariablesBody,
    options?: RequestOptions,
  ): Promise<Tagged<api.Variables>> {
    return this.change("PATCH", this.transport.team("services", serviceId, "env"), change, options);
  }
}

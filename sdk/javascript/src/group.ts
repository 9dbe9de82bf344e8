/** What all groups of methods share: requests of JSON, and what an answer has beside its data. */

import { withQuery } from "./addresses.js";
import { type Listing, listing } from "./pages.js";
import type { OperationMeta } from "./schemas.js";
import type { Answer, Call, RequestOptions, Transport } from "./transport.js";

/** With the tag of its settings, for `ifMatch`. Not enumerable: an answer can be sent back. */
export type Tagged<T> = T & { readonly etag: string | null };
/** With the operation that carries it out, not enumerable either. */
export type Ordered<T, Meta = OperationMeta> = Tagged<T> & { readonly meta: Meta };

export abstract class Group {
  declare protected readonly transport: Transport;

  constructor(transport: Transport) {
    // Not enumerable: what is shown of a client has nothing of how it gets in.
    Object.defineProperty(this, "transport", { value: transport });
  }

  protected listed<T>(path: string, query?: object, options?: RequestOptions): Listing<T> {
    return listing<T>(this.transport, path, { ...query }, options);
  }

  protected read<T>(path: string, query?: object, options?: RequestOptions): Promise<T> {
    return this.send<T>({ method: "GET", path: withQuery(path, query), options });
  }

  protected change<T>(
    method: "POST" | "PUT" | "PATCH",
    path: string,
    json: unknown,
    options?: RequestOptions,
  ): Promise<T> {
    return this.send<T>({ method, path, json, options });
  }

  protected async removed(path: string, query?: object, options?: RequestOptions): Promise<void> {
    await this.transport.send({ method: "DELETE", path: withQuery(path, query), options });
  }

  protected async send<T>(call: Call): Promise<T> {
    return withBesides(await this.transport.send(call)) as T;
  }
}

function withBesides({ data, meta, headers }: Answer): unknown {
  if (typeof data === "object" && data !== null) {
    Object.defineProperty(data, "etag", { value: headers.get("ETag") });
    if (meta !== undefined) Object.defineProperty(data, "meta", { value: meta });
  }
  return data;
}

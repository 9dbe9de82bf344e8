import { Group } from "../group.js";
import type { Listing } from "../pages.js";
import type * as api from "../schemas.js";
import type { RequestOptions } from "../transport.js";

/** One image in place of another. */
export class ImageMappings extends Group {
  list(options?: RequestOptions): Listing<api.Mapping> {
    return this.listed(this.transport.team("image-mappings"), {}, options);
  }

  set(source: string, target: string, options?: RequestOptions): Promise<api.Mapping> {
    const path = this.transport.team("image-mappings");
    return this.change("PUT", path, { source, target }, options);
  }

  remove(source: string, options?: RequestOptions): Promise<void> {
    return this.removed(this.transport.team("image-mappings"), { source }, options);
  }
}

/** What concerns the platform as a whole. */
export class Platform extends Group {
  me(options?: RequestOptions): Promise<api.Me> {
    return this.read("/me", {}, options);
  }

  /** Whether it answers; asks without a token. */
  isLive(options?: RequestOptions): Promise<api.Live> {
    return this.send({ method: "GET", path: "/health/live", as: "nobody", options });
  }

  /** Also an answer, and no error, where a part is not ready: `status` is `unavailable` then. */
  isReady(options?: RequestOptions): Promise<api.Ready> {
    const path = "/health/ready";
    return this.send({ method: "GET", path, as: "nobody", alsoFine: 503, options });
  }

  /** The API's own description, in OpenAPI 3.1. */
  async openapi(options?: RequestOptions): Promise<Record<string, unknown>> {
    const call = { method: "GET", path: "/openapi.json", as: "nobody", options } as const;
    return (await this.transport.send(call)).whole;
  }

  /** Removes what nobody wants any more; with `dry_run` only says what that is. */
  clean(how: api.CleanUpBody = {}, options?: RequestOptions): Promise<api.Report> {
    return this.change("POST", this.transport.team("clean"), how, options);
  }

  /** A one-time link to the dashboard. */
  createSignInLink(options?: RequestOptions): Promise<api.SignInLink> {
    return this.change("POST", "/sign-in-links", {}, options);
  }
}

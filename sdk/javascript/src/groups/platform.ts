import { Group } from "../group.js";
import type { Listing } from "../pages.js";
import type * as api from "../schemas.js";
import type { RequestOptions } from "../transport.js";

/** Whether the platform lives; asks without a token. */
export class Health extends Group {
  live(options?: RequestOptions): Promise<api.Live> {
    return this.send({ method: "GET", path: "/health/live", as: "nobody", options });
  }

  /** Also an answer, and no error, where a part is not ready: `status` is `unavailable` then. */
  ready(options?: RequestOptions): Promise<api.Ready> {
    const path = "/health/ready";
    return this.send({ method: "GET", path, as: "nobody", alsoFine: 503, options });
  }
}

/** One image in place of another. */
export class ImageMappings extends Group {
  list(options?: RequestOptions): Listing<api.Mapping> {
    return this.listed(this.transport.team("image-mappings"), {}, options);
  }

  set(mapping: api.MapImageBody, options?: RequestOptions): Promise<api.Mapping> {
    return this.change("PUT", this.transport.team("image-mappings"), mapping, options);
  }

  delete(source: string, options?: RequestOptions): Promise<void> {
    return this.remove(this.transport.team("image-mappings"), { source }, options);
  }
}

/** What concerns the platform as a whole. */
export class Platform extends Group {
  me(options?: RequestOptions): Promise<api.Me> {
    return this.read("/me", {}, options);
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

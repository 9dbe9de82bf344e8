/** Lists that come in pages: `await` gives the first, `for await` goes through all of it. */

import { withQuery } from "./addresses.js";
import type { Answer, RequestOptions, Transport } from "./transport.js";

/** An array of rows that knows where the next page begins. */
export class Page<T> extends Array<T> {
  /** Send it as `after`; null on the last page. */
  declare readonly next: string | null;

  /** What `map` and its like make of a page is an array. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  static holding<T>(rows: readonly T[], next: string | null): Page<T> {
    const page = new Page<T>();
    for (const row of rows) page.push(row);
    Object.defineProperty(page, "next", { value: next });
    return page;
  }
}

/** A list that was not asked for yet: it is by `await`, by `for await` and by `pages()`. */
export class Listing<T> implements PromiseLike<Page<T>>, AsyncIterable<T> {
  readonly #ask: (after: string | undefined) => Promise<Page<T>>;
  readonly #after: string | undefined;
  #first: Promise<Page<T>> | undefined;

  constructor(ask: (after: string | undefined) => Promise<Page<T>>, after?: string) {
    this.#ask = ask;
    this.#after = after;
  }

  then<A = Page<T>, B = never>(
    done?: ((page: Page<T>) => A | PromiseLike<A>) | null,
    failed?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#first ??= this.#ask(this.#after);
    return this.#first.then(done, failed);
  }

  catch<B = never>(failed: (reason: unknown) => B | PromiseLike<B>): Promise<Page<T> | B> {
    return this.then(null, failed);
  }

  finally(after: () => void): Promise<Page<T>> {
    return this.then().finally(after);
  }

  /** Page by page, as they are read. */
  async *pages(): AsyncGenerator<Page<T>, void, undefined> {
    let after = this.#after;
    for (;;) {
      const page = await this.#ask(after);
      yield page;
      // A server that sends back where it was asked from would never end.
      if (page.next === null || page.next === after) return;
      after = page.next;
    }
  }

  /** Every row of every page; the next page is asked for when it is needed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page;
  }

  /** All rows at once. */
  async all(): Promise<T[]> {
    const rows: T[] = [];
    for await (const row of this) rows.push(row);
    return rows;
  }
}

export function listing<T>(
  transport: Transport,
  path: string,
  query: { after?: string } = {},
  options?: RequestOptions,
): Listing<T> {
  return new Listing<T>(async (after) => {
    const asked = withQuery(path, { ...query, after });
    const answer = await transport.send({ method: "GET", path: asked, options });
    return Page.holding((answer.data ?? []) as T[], nextOf(answer));
  }, query.after);
}

function nextOf(answer: Answer): string | null {
  const meta = answer.meta as { next?: string | null } | undefined;
  if (meta?.next !== undefined) return meta.next;
  const link = /<([^>]*)>\s*;\s*rel="?next"?/i.exec(answer.headers.get("Link") ?? "")?.[1];
  return link ? new URL(link, "http://kyozo.invalid").searchParams.get("after") : null;
}

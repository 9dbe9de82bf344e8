/** From names and values to addresses, so that no value can lead to another address. */

export type Scalar = string | number | boolean | Date | null | undefined;
/** Parameters of an address; what is undefined or null is left out. */
export type Query = { [name: string]: Scalar };

/** One part of a path. `..` would climb, and an empty one would ask a list. */
export function part(value: string | number, what = "id"): string {
  const text = String(value ?? "");
  if (text === "" || text === "." || text === ".." || text === "undefined" || text === "null") {
    throw new TypeError(`${what} is missing`);
  }
  return encodeURIComponent(text);
}

export function withQuery(path: string, query: object = {}): string {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query as Query)) {
    if (value === undefined || value === null) continue;
    asked.set(name, value instanceof Date ? value.toISOString() : String(value));
  }
  const text = asked.toString();
  return text ? `${path}?${text}` : path;
}

/** The base address without its last slash. */
export function baseOf(text: string): string {
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError("baseUrl must begin with http:// or https://");
  }
  if (url.username || url.password || url.search || url.hash) {
    throw new TypeError("baseUrl takes no name, password, query or fragment");
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/** The live socket lies beside the API: `https://host/api/v1` has `wss://host/live/containers`. */
export function liveOf(base: string): string {
  return `${base.replace(/\/api\/v1$/, "").replace(/^http/, "ws")}/live/containers`;
}

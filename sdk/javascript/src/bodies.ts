/** What an archive may be handed over as, and what of it can be sent a second time. */

export type Archive =
  | Blob
  | ArrayBuffer
  | ArrayBufferView<ArrayBuffer>
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | (() => Archive | Promise<Archive>);

export type ArchiveType = "application/gzip" | "application/zip" | "application/octet-stream";

/** A body for one attempt; a stream can be read once, so it is sent once. */
export interface Body {
  readonly canRepeat: boolean;
  open(): Promise<BodyInit>;
}

export function bodyOf(archive: Archive): Body {
  if (typeof archive === "function") {
    return { canRepeat: true, open: async () => bodyOf(await archive()).open() };
  }
  if (isWhole(archive)) return { canRepeat: true, open: async () => archive };
  const stream = archive instanceof ReadableStream ? archive : streamOf(archive);
  return { canRepeat: false, open: async () => (canStream() ? stream : new Response(stream).blob()) };
}

function isWhole(archive: Archive): archive is Blob | ArrayBuffer | ArrayBufferView<ArrayBuffer> {
  return archive instanceof Blob || archive instanceof ArrayBuffer || ArrayBuffer.isView(archive);
}

/** Browsers send streams over HTTP/2 only, if at all: there the archive is collected first. */
function canStream(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return Boolean(process?.versions?.node);
}

function streamOf(parts: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel(reason) {
      await iterator.return?.(reason);
    },
  });
}

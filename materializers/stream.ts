// Streams of bytes.
import { plainBytes } from "../core/bytes/bytes.ts";
import { fault } from "../core/errors.ts";
import { type ClassMaterializer, defineMaterializer } from "../core/materializer.ts";
import { onlyFile } from "./only_file.ts";

/**
 * Saves a `ReadableStream` of bytes, and loads bytes as one, with bounded memory. The stream fails
 * with `Corrupt` at its end if stored bytes are damaged.
 *
 * Streams share the id and the files of `bytes()`, so equal content has an equal digest, and a
 * load without `{ as: stream() }` returns a `Uint8Array`. The default set has `bytes()` for both.
 */
export function stream(): ClassMaterializer<ReadableStream<Uint8Array>> {
  return defineMaterializer<ReadableStream<Uint8Array>>({
    id: "bytes",
    class: ReadableStream,
    save: (value) => {
      const mediaType = "application/octet-stream";
      return [{ path: "data.bin", content: checkedStream(value), mediaType }];
    },
    load: (artifact) => onlyFile(artifact).stream(),
  });
}

/** Returns a stream that fails at a chunk that is not bytes. */
export function checkedStream(value: ReadableStream): ReadableStream<Uint8Array> {
  if (value.locked) {
    throw fault({
      code: "Invalid",
      action: "save stream",
      state: "it is locked",
      hint: "Save one branch of stream.tee(), or release the reader.",
    });
  }
  const reader = value.getReader();
  return new ReadableStream({
    async pull(controller) {
      const next = await reader.read();
      if (next.done) return controller.close();
      try {
        controller.enqueue(plainBytes(next.value));
      } catch (error) {
        await reader.cancel(error).catch(() => {}); // the first error is thrown
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason), // also while a read is pending
  }, { highWaterMark: 0 });
}

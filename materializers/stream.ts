// Streams of bytes.
import { plainBytes } from "../core/bytes/bytes.ts";
import { fault } from "../core/errors.ts";
import { type ClassMaterializer, defineMaterializer } from "../core/materializer.ts";
import { onlyFile } from "./only_file.ts";

/**
 * Saves a `ReadableStream` of bytes, and loads bytes as one: with bounded memory, and failing with `Corrupt` at its end
 * where the stored bytes are damaged.
 *
 * A stream is saved as what `bytes()` saves, under the same id: equal content has an equal digest, and a load without
 * `{ as: stream() }` gives a `Uint8Array`. That is why the default set has `bytes()` for both.
 */
export function stream(): ClassMaterializer<ReadableStream<Uint8Array>> {
  return defineMaterializer<ReadableStream<Uint8Array>>({
    id: "bytes",
    class: ReadableStream,
    save: (value) => [{
      path: "data.bin",
      content: checkedStream(value),
      mediaType: "application/octet-stream",
    }],
    load: (artifact) => onlyFile(artifact).stream(),
  });
}

/** The same stream, failing at a chunk that is not bytes. */
export function checkedStream(value: ReadableStream): ReadableStream<Uint8Array> {
  if (value.locked) {
    throw fault({
      code: "Invalid",
      action: "save a stream",
      state: "it is locked",
      hint: "Somebody reads it already. Save one branch of stream.tee(), or release the reader.",
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
        await reader.cancel(error).catch(() => {}); // what is wrong with it is known
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason), // also one that is waited for
  }, { highWaterMark: 0 });
}

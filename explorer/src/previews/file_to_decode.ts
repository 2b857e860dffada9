// Files of the explorer as files that `formats/` reads.
import { bytesStream, iterableStream } from "../../../core/bytes/bytes.ts";
import { fault } from "../../../core/errors.ts";
import type { FileToDecode } from "../../../core/file_store.ts";
import type { FileToRead } from "../artifact_file.ts";

/** Bytes of a request. */
const PIECE_BYTES = 1024 * 1024;
/** Files up to this size are read whole, at once. */
export const SMALL_BYTES = 1024 * 1024;
/** Larger files are not read whole. */
const MAX_WHOLE_BYTES = 64 * 1024 * 1024;

/** Returns a file whose ranges are read on demand, and whole only up to 64 MiB. */
export function fileToDecode(file: FileToRead, signal?: AbortSignal): FileToDecode {
  const { path, size } = file;
  return {
    path,
    size,
    async bytes() {
      if (size <= MAX_WHOLE_BYTES) return await file.read(0, size, signal);
      const state = `it has ${size} bytes, the limit is ${MAX_WHOLE_BYTES}`;
      throw fault({ code: "Unsupported", action: "preview", subject: path, state });
    },
    stream({ offset, length = Infinity } = { offset: 0 }) {
      const end = Math.min(size, offset + length);
      if (offset >= end) return bytesStream(new Uint8Array());
      let at = offset;
      return new ReadableStream<Uint8Array>({
        async pull(controller) {
          const bytes = await file.read(at, Math.min(PIECE_BYTES, end - at), signal);
          at += bytes.byteLength;
          if (bytes.byteLength > 0) controller.enqueue(bytes);
          if (at >= end || bytes.byteLength === 0) controller.close();
        },
      }, { highWaterMark: 0 });
    },
  };
}

/** Packed bytes that are unpacked at once: up to a thousand times as many come out. */
const PACKED_BYTES = 16 * 1024;

/** Unpacks gzip as it is read. */
export function unpackedGzip(file: FileToDecode): ReadableStream<Uint8Array<ArrayBuffer>> {
  async function* packed() {
    for await (const piece of file.stream()) {
      for (let at = 0; at < piece.byteLength; at += PACKED_BYTES) {
        yield piece.slice(at, at + PACKED_BYTES);
      }
    }
  }
  const pieces = iterableStream(packed()) as ReadableStream<Uint8Array<ArrayBuffer>>;
  return pieces.pipeThrough(new DecompressionStream("gzip"));
}

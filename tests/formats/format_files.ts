// Files of formats, in memory.
import { bodyBytes, bytesStream, readAll } from "../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import type { FileToSave } from "../../core/materializer.ts";

/** A file with these bytes, or this text. */
export function fileOf(content: string | Uint8Array, path = "a.txt"): FileToDecode {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return {
    path,
    size: bytes.byteLength,
    bytes: () => Promise.resolve(bytes),
    stream: ({ offset, length = bytes.byteLength } = { offset: 0 }) =>
      bytesStream(bytes.slice(offset, offset + length)),
  };
}

/** All bytes of what a format encoded. */
export async function contentBytes(content: FileToSave["content"]): Promise<Uint8Array> {
  return "size" in content && "stream" in content && !(content instanceof Blob)
    ? await readAll(content.stream())
    : await bodyBytes(content as Uint8Array | Blob | ReadableStream<Uint8Array>);
}

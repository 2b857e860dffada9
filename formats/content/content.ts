// Content of files: bytes, blobs, streams and sources.
import {
  bodyBytes,
  bodySize,
  bodyStream,
  bytesStream,
  plainBytes,
} from "../../core/bytes/bytes.ts";
import type { CallOptions } from "../../core/backend.ts";
import { fault, invalid } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import type { FileSource, FileToSave } from "../../core/materializer.ts";
import { described } from "../../core/text/described.ts";

/** Content that is written unchanged. */
export type RawContent = FileToSave["content"];

/** Returns true for content that is written unchanged. */
export function isRawContent(value: unknown): value is RawContent {
  if (value instanceof Uint8Array || value instanceof Blob) return true;
  if (value instanceof ReadableStream) return true;
  const { size, stream } = (value ?? {}) as Partial<FileSource>;
  return Number.isSafeInteger(size) && size! >= 0 && typeof stream === "function";
}

function isSource(content: FileToSave["content"]): content is FileSource {
  return !(content instanceof Uint8Array || content instanceof Blob ||
    content instanceof ReadableStream);
}

/** Returns content as a stream. A source that does not match its `size` fails it with `Invalid`. */
export function contentStream(content: FileToSave["content"]): ReadableStream<Uint8Array> {
  return isSource(content) ? checkedStream(content) : bodyStream(content);
}

/**
 * Reads all of `content` into memory that nothing else refers to. Use it in the `write` of your own
 * file store.
 *
 * @example
 * ```ts
 * import { contentBytes } from "@holdfast/holdfast/files";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await contentBytes(new Blob(["abc"])), new TextEncoder().encode("abc"));
 * ```
 */
export async function contentBytes(
  content: FileToSave["content"],
  { signal }: CallOptions = {},
): Promise<Uint8Array> {
  const bytes = plainBytes(
    await bodyBytes(isSource(content) ? checkedStream(content) : content, signal),
  );
  return content instanceof Uint8Array ? bytes.slice() : bytes;
}

export function contentSize(content: FileToSave["content"]): number | undefined {
  return isSource(content) ? content.size : bodySize(content);
}

function checkedStream(source: FileSource): ReadableStream<Uint8Array> {
  let streamedBytes = 0;
  const check = (isWrong: boolean) => {
    if (!isWrong) return;
    const state = `expected ${source.size} bytes, got ${streamedBytes}${
      streamedBytes > source.size ? " or more" : ""
    }`;
    throw fault({ code: "Invalid", action: "write content", state });
  };
  return source.stream().pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        streamedBytes += chunk.byteLength;
        check(streamedBytes > source.size);
        controller.enqueue(chunk);
      },
      flush: () => check(streamedBytes !== source.size),
    }),
  );
}

/**
 * Returns bytes in memory as a file. Use it in the `open` of your own file store. Readers get
 * copies.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { assertEquals } from "@std/assert";
 *
 * const file = bytesFile("plate/A01.raw", Uint8Array.of(1, 2, 3));
 * assertEquals([file.size, await file.bytes()], [3, Uint8Array.of(1, 2, 3)]);
 * ```
 */
export function bytesFile(path: string, bytes: Uint8Array): FileToDecode {
  return {
    path,
    size: bytes.byteLength,
    bytes: () => Promise.resolve(bytes.slice()),
    stream: ({ offset, length = Infinity } = { offset: 0 }) =>
      bytesStream(bytes.slice(offset, offset + length)),
  };
}

/** Throws `Invalid` for a value that is not an open file, such as a path. */
export function checkFile(file: FileToDecode, action: string): void {
  if (typeof file?.stream === "function" && Number.isSafeInteger(file.size)) return;
  throw invalid(action, undefined, `${described(file)} is not an open file`, {
    hint: 'Open it: await files.open("path"), or fileToDecode(artifact.file("path")) of a version.',
  });
}

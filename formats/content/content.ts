// What is written to a file, in whatever form it comes.
import {
  bodyBytes,
  bodySize,
  bodyStream,
  bytesStream,
  plainBytes,
} from "../../core/bytes/bytes.ts";
import type { ByteRange, CallOptions } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import type { FileSource, FileToSave } from "../../core/materializer.ts";
import { described } from "../../core/text/described.ts";

type Content = FileToSave["content"];

function isSource(content: Content): content is FileSource {
  return !(content instanceof Uint8Array || content instanceof Blob ||
    content instanceof ReadableStream);
}

/** Its bytes as a stream. Of a source that gives more or fewer than it said the stream fails with `Invalid`. */
export function contentStream(content: Content): ReadableStream<Uint8Array> {
  return isSource(content) ? checkedStream(content) : bodyStream(content);
}

/**
 * All of its bytes, which nobody else changes: of what `write` of a store of one's own is given, in whatever form.
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

export function contentSize(content: Content): number | undefined {
  return isSource(content) ? content.size : bodySize(content);
}

function checkedStream(source: FileSource): ReadableStream<Uint8Array> {
  let given = 0;
  const check = (isWrong: boolean) => {
    if (!isWrong) return;
    throw fault({
      code: "Invalid",
      action: "write the content",
      state: `it was to have ${source.size} bytes, and has ${given}${
        given > source.size ? " or more" : ""
      }`,
    });
  };
  return source.stream().pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        given += chunk.byteLength;
        check(given > source.size);
        controller.enqueue(chunk);
      },
      flush: () => check(given !== source.size),
    }),
  );
}

/**
 * Bytes that are there, as a file: what `open` of a store of one's own gives.
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
    stream: (range) => bytesStream(ranged(bytes, range)),
  };
}

/** A copy: whoever reads a file may change what it got. */
function ranged(bytes: Uint8Array, range?: ByteRange): Uint8Array {
  return range === undefined
    ? bytes.slice()
    : bytes.slice(range.offset, range.offset + (range.length ?? Infinity));
}

/** Throws `Invalid` for what is no opened file, such as the path of one. */
export function checkFile(file: FileToDecode, action: string): void {
  if (typeof file?.stream === "function" && Number.isSafeInteger(file.size)) return;
  throw fault({
    code: "Invalid",
    action,
    state: `${described(file)} is no opened file`,
    hint: 'Open it: await files.open("path"), or fileToDecode(artifact.file("path")) of a version.',
  });
}

// The content of a file to save: small content is read, large content is sent later.
import { bodyBytes, concatBytes, noBody, plainBytes } from "../../core/bytes/bytes.ts";
import { copiedChunks, counted, streamed } from "../../core/work/content_reads.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { withDeadline } from "../../core/retry.ts";

export interface LargeContent {
  size?: number;
  /** The content stays readable until the save ends, not only until the next file is asked for. */
  stays: boolean;
  /** The content that the caller gave, such as a file of this machine. */
  source?: unknown;
  /** The ranges of `source` that are sent. @default all */
  ranges?: unknown;
  chunks(): AsyncIterable<Uint8Array>;
}

export interface SentContent {
  upload: string;
  /** Bytes. */
  size: number;
  sha256: string;
}

export interface SendContentOptions {
  action: string;
  signal?: AbortSignal;
  /** Receives the number of bytes sent since its last call. */
  onBytes?: (bytes: number) => void;
  /** The service must see the bytes: it compresses or joins them. @default false */
  throughService?: boolean;
}

/** Returns true where `node:` modules are missing. */
export function isBrowser(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node === undefined;
}

interface OpenOptions {
  maxBytes: number;
  signal?: AbortSignal;
}

/** Returns content of up to `maxBytes` as a copy, and larger content as a stream of chunks. */
export async function openContent(
  { content, path }: FileToSave,
  { maxBytes, signal }: OpenOptions,
): Promise<Uint8Array | LargeContent> {
  if (content instanceof Uint8Array) {
    const bytes = plainBytes(content);
    if (bytes.byteLength <= maxBytes) return bytes.slice();
    return { size: bytes.byteLength, stays: true, chunks: () => copiedChunks(bytes) };
  }
  if (content instanceof Blob) {
    if (content.size <= maxBytes) return await withDeadline(bodyBytes(content), { signal });
    return { size: content.size, stays: true, chunks: () => streamed(content.stream()) };
  }
  if (content instanceof ReadableStream) return await openStream(content, { maxBytes, signal });
  if (typeof content?.stream !== "function") throw noBody(content, path);
  const { size } = content;
  const chunks = () => counted(content.stream(), { size, path });
  if (size > maxBytes) return { size, stays: true, source: content, chunks };
  return await withDeadline(Array.fromAsync(chunks()).then(concatBytes), { signal });
}

async function openStream(
  stream: ReadableStream<Uint8Array>,
  { maxBytes, signal }: OpenOptions,
): Promise<Uint8Array | LargeContent> {
  const chunks = streamed(stream);
  const held: Uint8Array[] = [];
  for (let size = 0; size <= maxBytes;) {
    const { done, value } = await withDeadline(chunks.next(), { signal });
    if (done) return concatBytes(held);
    held.push(value.slice());
    size += value.byteLength;
  }
  async function* joined(): AsyncGenerator<Uint8Array> {
    try {
      yield* held;
      for await (const chunk of chunks) yield chunk.slice();
    } finally {
      await chunks.return(undefined);
    }
  }
  return { stays: false, chunks: joined };
}

/** Cuts content into pieces of this size, bytes; the last one may be smaller. */
export async function* piecesOf(
  chunks: AsyncIterable<Uint8Array>,
  pieceBytes: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (let chunk of chunks) {
    while (size + chunk.byteLength >= pieceBytes) {
      const rest = pieceBytes - size;
      held.push(chunk.subarray(0, rest));
      yield concatBytes(held) as Uint8Array<ArrayBuffer>;
      chunk = chunk.subarray(rest);
      held = [];
      size = 0;
    }
    if (chunk.byteLength > 0) held.push(chunk);
    size += chunk.byteLength;
  }
  if (size > 0) yield concatBytes(held) as Uint8Array<ArrayBuffer>;
}

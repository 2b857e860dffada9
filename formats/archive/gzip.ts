/**
 * Bytes packed piece by piece: by gzip (RFC 1952), and by what it packs with alone (RFC 1951).
 *
 * @module
 */
import { pipeline, Readable } from "node:stream";
import type { Transform } from "node:stream";
import { createDeflateRaw, createGunzip, createGzip } from "node:zlib";
import { concatBytes, plainBytes } from "../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../core/format.ts";
import { corruptArchive, unsupportedArchive } from "./entries.ts";

/** Packs what comes, piece by piece. */
export function gzip(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return packBy(createGzip, bytes);
}

/** The same without a header and a sum, as the entries of `.zip` are packed: DEFLATE, RFC 1951. */
export function deflate(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return packBy(createDeflateRaw, bytes);
}

async function* packBy(
  createPacker: () => Transform,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const source = Readable.from(bytes);
  const packer = createPacker();
  pipeline(source, packer, () => {}); // the loop below throws a failure
  try {
    for await (const piece of packer) yield plainBytes(piece);
  } finally {
    source.destroy();
    packer.destroy();
  }
}

/** All of a file, unpacked, in memory; `Unsupported` as soon as that is more than is allowed. */
export async function gunzip(file: FileToDecode, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
  const source = Readable.from(file.stream());
  const unpacker = createGunzip();
  pipeline(source, unpacker, () => {}); // the loop below throws a failure
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of unpacker as AsyncIterable<Uint8Array>) {
      signal?.throwIfAborted();
      size += piece.byteLength;
      if (size > maxBytes) {
        throw unsupportedArchive(
          file.path,
          `it has more than ${maxBytes} bytes unpacked, which are to be in memory`,
          "Pass a larger maxBytes where the archive can be trusted, or unpack it first.",
        );
      }
      pieces.push(plainBytes(piece));
    }
  } catch (error) {
    if (!/^Z_/.test((error as { code?: string }).code ?? "")) throw error;
    throw corruptArchive(file.path, "it is no gzip file, or damaged", error);
  } finally {
    source.destroy();
    unpacker.destroy();
  }
  signal?.throwIfAborted();
  return concatBytes(pieces);
}

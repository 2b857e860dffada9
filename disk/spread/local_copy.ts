// Files of an earlier download, whose bytes a later one need not fetch again.
import { closeSync, openSync, readSync } from "node:fs";
import type { LocalCopy } from "../../core/bytes/rebuild.ts";
import type { ByteRange } from "../../core/backend.ts";
import { READ } from "../disk_calls.ts";
import { lookAt } from "../target.ts";
import { nextTurn } from "../../core/work/next_turn.ts";

const CHUNK_BYTES = 1 << 20;

/**
 * Returns the file at a path; undefined if there is none. If it is truncated or cannot be read, it
 * ends early.
 */
export function copyAt(path: string): LocalCopy | undefined {
  const stats = lookAt(path);
  if (stats === undefined || !stats.isFile()) return undefined;
  return { size: stats.size, chunks: (range) => readRange(path, range) };
}

async function* readRange(
  path: string,
  { offset, length }: Required<ByteRange>,
): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(Math.min(length, CHUNK_BYTES));
  let file: number | undefined;
  try {
    file = openSync(path, READ);
    for (let at = offset, end = offset + length; at < end;) {
      const read = readSync(file, chunk, 0, Math.min(chunk.byteLength, end - at), at);
      if (read === 0) return;
      at += read;
      yield chunk.subarray(0, read);
      if (at < end) await nextTurn();
    }
  } catch {
    return; // what is made of it is verified
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

// The stages of a save and a download of a large file, each alone: what the bytes go through, without
// what lies between.
import { createHash } from "node:crypto";
import fs from "node:fs";
import { crc32 } from "node:zlib";
import type { Backend } from "../../../core/backend.ts";
import { averageFor } from "../../../core/bytes/content_chunks.ts";
import { Cutter } from "../../../core/bytes/cutter.ts";
import { memoryStream, sameMemory } from "../../../core/bytes/own_memory.ts";
import { DiskContent, stateOf } from "../../../disk/disk_file.ts";
import { lookAt } from "../../../disk/disk_calls.ts";
import { MIB } from "../values.ts";
import { runBareThreads } from "./bare_threads.ts";

/** Bytes that a stage gets again and again, so that it reads no file. */
const BLOCK_BYTES = 64 * MIB;

export interface StagePlace {
  /** The store; a download reads its largest object. */
  store: Backend;
  /** The file that is saved. */
  path: string;
  /** A file that is written. */
  target: string;
  /** Bytes of the file. */
  size: number;
}

type Stage = (place: StagePlace) => Promise<void> | void;

export const SAVE_STAGES: Record<string, Stage> = {
  async "read the file"({ path }) {
    const content = new DiskContent({ path, state: stateOf(lookAt(path)) });
    for await (const _ of content.chunks({ take: sameMemory() }));
  },
  "find where chunks end": ({ path, size }) => {
    const block = blockOf(path), cutter = new Cutter(averageFor(size));
    for (let count = 0; count < size; count += block.byteLength) {
      for (const chunk of mebibytesOf(block)) {
        for (let at = 0; at < chunk.byteLength;) at = cutter.next(chunk, at) ?? chunk.byteLength;
      }
    }
  },
  "SHA-256 of each chunk": ({ path, size }) => {
    const block = blockOf(path), average = averageFor(size);
    for (let at = 0; at < size; at += average) {
      const from = at % block.byteLength;
      createHash("sha256").update(block.subarray(from, from + average)).digest();
    }
  },
  "SHA-256 of the file": ({ path, size }) => hashAll(path, size),
  "CRC-32 of the parts": ({ path, size }) => {
    const block = blockOf(path);
    for (let at = 0; at < size; at += block.byteLength) {
      for (const part of mebibytesOf(block)) crc32(part);
    }
  },
  async "send parts of memory, with their CRC-32"({ store, path, size }) {
    const block = blockOf(path);
    const body = memoryStream(async function* (take) {
      for (let at = 0; at < size;) {
        const memory = take(Math.min(MIB, size - at));
        memory.set(block.subarray(at % block.byteLength).subarray(0, memory.byteLength));
        at += memory.byteLength;
        yield memory;
      }
    });
    await store.put("objects/stage/sent", body, { size });
  },
};

export const DOWNLOAD_STAGES: Record<string, Stage> = {
  "read ranges of the store": ({ store, target }) =>
    runBareThreads(store, target, { hash: false, write: false }),
  "SHA-256 of what was read": ({ path, size }) => hashAll(path, size),
  "write the file": ({ target, size }) => {
    const block = new Uint8Array(MIB).fill(1), file = fs.openSync(target, "w");
    for (let at = 0; at < size; at += MIB) fs.writeSync(file, block);
    fs.closeSync(file);
  },
};

function blockOf(path: string): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES), file = fs.openSync(path, "r");
  const count = fs.readSync(file, block);
  fs.closeSync(file);
  return block.subarray(0, count);
}

function* mebibytesOf(block: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < block.byteLength; at += MIB) yield block.subarray(at, at + MIB);
}

function hashAll(path: string, size: number): void {
  const block = blockOf(path), hash = createHash("sha256");
  for (let at = 0; at < size; at += block.byteLength) {
    for (const chunk of mebibytesOf(block)) hash.update(chunk);
  }
  hash.digest();
}

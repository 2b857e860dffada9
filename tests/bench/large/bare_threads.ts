// The least that a download costs in this runtime: threads read ranges of a presigned URL over the
// sockets of threads of a download, hash each byte and write it. It checks no digest, resumes
// nothing, and reads no record.
import fs from "node:fs";
import { availableParallelism } from "node:os";
import type { Backend } from "../../../core/backend.ts";
import { MIB } from "../values.ts";

export interface BareRange {
  url: string;
  path: string;
  from: number;
  length: number;
  /** Work on the bytes that were read. @default all of it */
  does?: BareWork;
}

interface BareWork {
  hash: boolean;
  write: boolean;
}

const RANGE_BYTES = 8 * MIB;
const PER_THREAD = 4;

/** Downloads the largest object of a store to a path. */
export async function runBareThreads(
  store: Backend,
  path: string,
  does?: BareWork,
): Promise<void> {
  let largest = { key: "", size: 0 };
  for await (const entry of store.list("")) {
    if ("key" in entry && entry.size > largest.size) largest = entry;
  }
  const { key, size } = largest;
  const url = await store.presign!(key, { expiresInMs: 3_600_000 });
  fs.writeFileSync(path, "");
  fs.truncateSync(path, size);
  const ranges = Array.from({ length: Math.ceil(size / RANGE_BYTES) }, (_, i): BareRange => {
    const from = i * RANGE_BYTES;
    return { url, path, from, length: Math.min(RANGE_BYTES, size - from), does };
  });
  const threads = Array.from({ length: availableParallelism() }, () => runThread(ranges));
  await Promise.all(threads);
}

/** Runs a thread until no range is left. */
async function runThread(ranges: BareRange[]): Promise<void> {
  const worker = new Worker(new URL("./bare_worker.ts", import.meta.url), { type: "module" });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let running = 0;
  const next = () => {
    const range = ranges.shift();
    if (range !== undefined) {
      running++;
      worker.postMessage(range);
    } else if (running === 0) resolve();
  };
  worker.onmessage = () => {
    running--;
    next();
  };
  worker.onerror = ({ message }) => reject(new Error(message));
  for (let i = 0; i < PER_THREAD; i++) next();
  await promise;
  worker.terminate();
}

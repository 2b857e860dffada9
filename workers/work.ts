// How much work a job is.
import { DiskContent } from "../core/disk/disk_file.ts";
import type { PayloadJobs, ReadJob } from "../registry/jobs/kinds.ts";
import { STREAMED_BYTES } from "../core/work/budget.ts";
import { sizeOf } from "../registry/payload/content.ts";
import type { Rates } from "../registry/jobs/rates.ts";
import { bufferBytes } from "./wire_job.ts";

export interface Work {
  bytes: number;
  workMs: number;
  moveMs: number;
}

/** What opening a file counts beside its bytes, milliseconds: less than it takes, for a worker that just started is slow at it. */
const OPEN_MS = 0.005;

/** How much work a job is; undefined where only this thread can do it. */
export function workOf<N extends keyof PayloadJobs>(
  kind: N,
  given: unknown,
  rates: Rates,
): Work | undefined {
  if (kind === "packFiles") {
    const { files, compress } = given as PayloadJobs["packFiles"]["job"];
    const sum = (some: typeof files) =>
      some.reduce((bytes, { content }) => bytes + sizeOf(content), 0);
    const bytes = sum(files),
      onDisk = files.filter(({ content }) => content instanceof DiskContent);
    const workMs = storing(bytes, compress) + onDisk.length * OPEN_MS;
    return { bytes, workMs, moveMs: rates("copy", bytes - sum(onDisk)) };
  }
  if (kind === "storeFile") {
    const { content, compress } = given as PayloadJobs["storeFile"]["job"];
    if (content.copyFrom !== undefined) return undefined;
    const bytes = content.size ?? STREAMED_BYTES;
    return {
      bytes,
      workMs: storing(bytes, compress),
      moveMs: content.source instanceof DiskContent ? 0 : copying(bytes),
    };
  }
  if (kind === "storeValue") {
    const { value, compress } = given as PayloadJobs["storeValue"]["job"];
    const bytes = Math.max(bufferBytes(value), STREAMED_BYTES); // it was registered as worth it
    return { bytes, workMs: storing(bytes, compress), moveMs: copying(bytes) };
  }
  let bytes = 0, workMs = 0;
  for (const { file: { size, encoding } } of (given as ReadJob).files) {
    bytes += size;
    workMs += storing(size) + (encoding === undefined ? 0 : rates(`decode ${encoding}`, size));
  }
  return { bytes, workMs, moveMs: 0 };

  function storing(bytes: number, compress?: "gzip" | "zstd"): number {
    return rates("hash", bytes) + copying(bytes) +
      (compress === undefined ? 0 : rates(`encode ${compress}`, bytes));
  }

  function copying(bytes: number): number {
    return rates("copy", bytes);
  }
}

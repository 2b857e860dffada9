// Jobs as plain data.
import { concatBytes, plainBytes } from "../core/bytes/bytes.ts";
import { withDeadline } from "../core/retry.ts";
import { DiskContent } from "../disk/disk_file.ts";
import type { MaterializerDescriptor } from "../core/materializer.ts";
import type { FileToPack, PayloadJobs } from "../registry/payload/job_kinds.ts";
import { type LargeContent, readable, type SmallContent } from "../registry/payload/content.ts";
import type { WireContent } from "./protocol.ts";

/** Content that is not on a disk moves up to this size: it is copied. */
const MOVED_BYTES = 16 * 1024 * 1024;

/** True for content that a worker can store: a file on a disk, or a little that can be copied. */
export function isMovable(content: LargeContent): boolean {
  const { source, size = Infinity, repeatable } = content;
  return source instanceof DiskContent || repeatable && size <= MOVED_BYTES;
}

/** Returns a job as plain data, and its buffers that move. Reads content of this thread. */
export async function sendJob<N extends keyof PayloadJobs>(
  kind: N,
  given: PayloadJobs[N]["job"],
  signal?: AbortSignal,
): Promise<{ job: unknown; transfer?: ArrayBuffer[] }> {
  const job = given as Partial<PayloadJobs[keyof PayloadJobs]["job"]> & { here?: unknown };
  if (kind === "packFiles") {
    const { files } = given as PayloadJobs["packFiles"]["job"];
    const sent = files.map((file) => ({ ...file, content: wired(file.content) }));
    return { job: { ...job, files: sent } };
  }
  if (kind !== "storeFile") {
    const { here: _, ...plain } = job;
    return { job: plain };
  }
  const { content: { source, chunks } } = given as PayloadJobs["storeFile"]["job"];
  if (source instanceof DiskContent) return { job: { ...job, content: wired(source) } };
  // Copies, because their buffer moves, and a producer may keep or reuse a chunk.
  const copies = () => Array.fromAsync(chunks(), (chunk) => plainBytes(chunk).slice());
  const content = source?.slice() ?? concatBytes(await withDeadline(copies(), { signal }));
  return { job: { ...job, content }, transfer: [content.buffer as ArrayBuffer] };
}

function wired(content: SmallContent): WireContent {
  return content instanceof DiskContent ? { disk: content.file } : content;
}

export function receiveJob(
  kind: keyof PayloadJobs,
  sent: unknown,
  here: (job: { materializer: MaterializerDescriptor; value?: unknown }) => unknown,
): unknown {
  if (kind === "packFiles") {
    const { files, ...job } = sent as {
      files: (Omit<FileToPack, "content"> & { content: WireContent })[];
    };
    return { ...job, files: files.map((file) => ({ ...file, content: sourceOf(file.content) })) };
  }
  if (kind === "storeFile") {
    const { content, ...job } = sent as { content: WireContent };
    return { ...job, content: readable(sourceOf(content)) };
  }
  const job = sent as { materializer: MaterializerDescriptor };
  return kind === "storeValue" || kind === "loadValue" ? { ...job, here: here(job) } : job;
}

function sourceOf(content: WireContent): SmallContent {
  return content instanceof Uint8Array ? content : new DiskContent(content.disk);
}

/** Built-in materializers are fast: copying a value to a worker is not worth it for them. */
const OURS = new URL("../materializers/", import.meta.url).href;

export function isOurs({ module }: MaterializerDescriptor): boolean {
  return module.startsWith(OURS);
}

/** Returns the total size of the buffers that {@linkcode buffersIn} finds. */
export function bufferBytes(value: unknown): number {
  return buffersIn(value).reduce((bytes, { byteLength }) => bytes + byteLength, 0);
}

/** Returns the buffers of a value and of its own properties, not deeper. */
export function buffersIn(value: unknown): ArrayBuffer[] {
  const parts = typeof value === "object" && value !== null && !ArrayBuffer.isView(value)
    ? Object.values(value)
    : [];
  const buffers = new Set<ArrayBuffer>();
  for (const part of [value, ...parts]) {
    const buffer = ArrayBuffer.isView(part) ? part.buffer : part;
    if (buffer instanceof ArrayBuffer) buffers.add(buffer);
  }
  return [...buffers];
}

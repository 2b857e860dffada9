// Jobs as plain data. Content that only the caller's thread can read becomes a port.
import { DiskContent } from "../disk/disk_file.ts";
import type { MaterializerDescriptor } from "../core/materializer.ts";
import type { FileToPack, PayloadJobs } from "../registry/payload/job_kinds.ts";
import { type LargeContent, readable, type SmallContent } from "../registry/payload/content.ts";
import type { Port, Ports } from "./ports.ts";
import type { WireContent } from "./protocol.ts";

/** Bytes up to this size are copied. */
const WHOLE_BYTES = 1024 * 1024;

export interface SentJob {
  job: unknown;
  port?: Port;
}

export function sendJob<N extends keyof PayloadJobs>(
  kind: N,
  given: PayloadJobs[N]["job"],
  ports: Ports,
): SentJob {
  const job = given as Partial<PayloadJobs[keyof PayloadJobs]["job"]> & { here?: unknown };
  if (kind === "packFiles") {
    const { files } = given as PayloadJobs["packFiles"]["job"];
    const sent = files.map((file) => ({ ...file, content: smallContent(file.content) }));
    return { job: { ...job, files: sent } };
  }
  if (kind !== "storeFile") {
    const { here: _, ...plain } = job;
    return { job: plain };
  }
  const { content } = given as PayloadJobs["storeFile"]["job"];
  const { source, size, repeatable } = content;
  if (source instanceof DiskContent) return { job: { ...job, content: smallContent(source) } };
  // The copy drops the rest of the buffer, which would be cloned with a view.
  if (source !== undefined && source.byteLength <= WHOLE_BYTES) {
    return { job: { ...job, content: source.slice() } };
  }
  const port = ports.offer(content);
  const pulled: WireContent = { port: port.number, size, repeatable };
  return { job: { ...job, content: pulled }, port };
}

function smallContent(content: SmallContent): WireContent {
  return content instanceof DiskContent ? { disk: content.file } : content;
}

export interface Receiver {
  pull(port: number, passing: boolean): AsyncIterable<Uint8Array>;
  here(job: { materializer: MaterializerDescriptor; value?: unknown }): unknown;
}

export function receiveJob(
  kind: keyof PayloadJobs,
  sent: unknown,
  { pull, here }: Receiver,
): unknown {
  if (kind === "packFiles") {
    const { files, ...job } = sent as {
      files: (Omit<FileToPack, "content"> & { content: WireContent })[];
    };
    return { ...job, files: files.map((file) => ({ ...file, content: sourceOf(file.content) })) };
  }
  if (kind === "storeFile") {
    const { content, ...job } = sent as { content: WireContent; compress?: string; as?: unknown };
    const passing = job.compress !== undefined && job.as === undefined;
    const source = sourceOf(content);
    if (source !== undefined) return { ...job, content: readable(source) };
    const { port, size, repeatable } = content as Extract<WireContent, { port: number }>;
    const large: LargeContent = { size, repeatable, chunks: () => pull(port, passing) };
    return { ...job, content: large };
  }
  const job = sent as { materializer: MaterializerDescriptor };
  return kind === "storeValue" || kind === "loadValue" ? { ...job, here: here(job) } : job;
}

function sourceOf(content: WireContent): SmallContent | undefined {
  if (content instanceof Uint8Array) return content;
  return "disk" in content ? new DiskContent(content.disk) : undefined;
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
  const found = new Set<ArrayBuffer>();
  for (const part of [value, ...parts]) {
    const buffer = ArrayBuffer.isView(part) ? part.buffer : part;
    if (buffer instanceof ArrayBuffer) found.add(buffer);
  }
  return [...found];
}

// Jobs as plain data: content that only one thread can read becomes a port, and what is that
// thread's alone stays there.
import { DiskContent } from "../disk/disk_file.ts";
import type { MaterializerDescriptor } from "../core/materializer.ts";
import type { FileToPack, PayloadJobs } from "../registry/payload/job_kinds.ts";
import { type LargeContent, readable, type SmallContent } from "../registry/payload/content.ts";
import type { Port, Ports } from "./ports.ts";
import type { WireContent } from "./protocol.ts";

/** Bytes up to this size come along. */
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
    return {
      job: {
        ...job,
        files: files.map((file) => ({ ...file, content: smallContent(file.content) })),
      },
    };
  }
  if (kind !== "storeFile") {
    const { here: _, ...plain } = job;
    return { job: plain };
  }
  const { content } = given as PayloadJobs["storeFile"]["job"];
  const { source, size, repeatable } = content;
  if (source instanceof DiskContent) return { job: { ...job, content: smallContent(source) } };
  // A view would cross with all of its buffer.
  if (source !== undefined && source.byteLength <= WHOLE_BYTES) {
    return { job: { ...job, content: source.slice() } };
  }
  const port = ports.offer(content);
  return {
    job: { ...job, content: { port: port.number, size, repeatable } satisfies WireContent },
    port,
  };
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
    return { ...job, content: largeContent(content, (port) => pull(port, passing)) };
  }
  const job = sent as { materializer: MaterializerDescriptor };
  return kind === "storeValue" || kind === "loadValue" ? { ...job, here: here(job) } : job;
}

function sourceOf(content: WireContent): SmallContent | undefined {
  if (content instanceof Uint8Array) return content;
  return "disk" in content ? new DiskContent(content.disk) : undefined;
}

function largeContent(
  content: WireContent,
  pull: (port: number) => AsyncIterable<Uint8Array>,
): LargeContent {
  const source = sourceOf(content);
  if (source !== undefined) return readable(source);
  const { port, size, repeatable } = content as Exclude<
    WireContent,
    Uint8Array | { disk: unknown }
  >;
  return { size, repeatable, chunks: () => pull(port) };
}

/** Ours take no time to speak of to make files: only those of others are worth copying a value for. */
const OURS = new URL("../materializers/", import.meta.url).href;

export function isOurs({ module }: MaterializerDescriptor): boolean {
  return module.startsWith(OURS);
}

/** Bytes in the buffers and views at the top of a value and among its own members; deeper is not looked. */
export function bufferBytes(value: unknown): number {
  return buffersIn(value).reduce((bytes, { byteLength }) => bytes + byteLength, 0);
}

/** The buffers at the top of a value and among its own members, so that they can move with it. */
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

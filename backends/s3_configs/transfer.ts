// Transfers of single objects.
import type { Backend, Body, ObjectInfo } from "../../core/backend.ts";
import { bodySize, bodyStream, readAll } from "../../core/bytes/bytes.ts";
import { conflict, invalid, notFound, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { SignalOptions, TransferProgress } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import { readLocalFile, writeLocalFile } from "./local_file.ts";
import type { DownloadedFile } from "./local_file.ts";

/**
 * Data to upload: bytes, a string (as UTF-8), a blob, a stream, or a file by `{ path }` or `file:`
 * URL.
 */
export type UploadData = Body | string | { path: string | URL } | URL;

/** Options of an upload. */
export interface UploadOptions extends SignalOptions {
  /** The media type, if the store keeps one. */
  contentType?: string;
  /** Small ASCII values, if the store keeps them. */
  metadata?: Record<string, string>;
  /** Size of a stream, bytes; another size is an error. */
  size?: number;
  onProgress?: (progress: TransferProgress) => void;
}

/** Options of a download. */
export interface DownloadOptions extends SignalOptions {
  /** The target file, which appears once it is complete. */
  to?: string | URL;
  /** Replace an existing file, which is `AlreadyExists` otherwise. @default false */
  overwrite?: boolean;
  /** Return a stream instead of bytes. */
  as?: "stream";
  onProgress?: (progress: TransferProgress) => void;
}

export interface TransferTarget {
  key: string;
  url: string;
  open(): Promise<Backend>;
}

export async function uploadObject(
  target: TransferTarget,
  data: UploadData,
  options: UploadOptions,
): Promise<ObjectInfo> {
  const { onProgress, contentType, metadata, signal } = options;
  signal?.throwIfAborted();
  const body = toBody(data);
  const backend = await target.open();
  try {
    const size = options.size ?? body.size;
    const sent = onProgress
      ? counted(bodyStream(body.content), { path: target.key, size, onProgress })
      : body.content;
    const result = await backend.put(target.key, sent, { contentType, metadata, size, signal });
    if (result.written) return result.info;
    throw conflict("upload", target.url, "the store forbids overwriting", {
      hint: "Choose another key.",
    });
  } finally {
    await backend[Symbol.asyncDispose]();
  }
}

export async function downloadObject(
  target: TransferTarget,
  options: DownloadOptions & { system: System },
): Promise<Uint8Array | ReadableStream<Uint8Array> | DownloadedFile> {
  const { to, overwrite, as, onProgress, signal, system } = options;
  signal?.throwIfAborted();
  const backend = await target.open();
  const close = async () => await backend[Symbol.asyncDispose]();
  let streams = false;
  try {
    const object = await backend.get(target.key, { signal });
    if (object === undefined) throw noObject("download", target.url);
    if (to === undefined && as === undefined && onProgress === undefined) {
      return await object.bytes();
    }
    const { size } = object.info;
    const body = onProgress
      ? counted(object.body, { path: target.key, size, onProgress })
      : object.body;
    if (to !== undefined) return await writeLocalFile(body, to, { overwrite, signal, system });
    if (as === undefined) return await readAll(body, signal);
    streams = true;
    return closing(body, close);
  } finally {
    if (!streams) await close();
  }
}

export async function objectInfo(
  target: TransferTarget,
  { signal }: SignalOptions,
): Promise<ObjectInfo> {
  const backend = await target.open();
  try {
    const info = await backend.head(target.key, { signal });
    if (info === undefined) throw noObject("inspect", target.url);
    return info;
  } finally {
    await backend[Symbol.asyncDispose]();
  }
}

export async function* listObjects(
  target: TransferTarget,
  { signal }: SignalOptions,
): AsyncGenerator<ObjectInfo & { url: string }> {
  const { url, key } = target;
  const bucket = url.slice(0, url.length - key.length).replace(/\/*$/, "/");
  const backend = await target.open();
  try {
    for await (const entry of backend.list(key, { signal })) {
      if ("key" in entry) yield { ...entry, url: bucket + entry.key };
    }
  } finally {
    await backend[Symbol.asyncDispose]();
  }
}

function toBody(data: UploadData): { content: Body; size?: number } {
  if (typeof data === "string") return toBody(new TextEncoder().encode(data));
  if (data instanceof Uint8Array || data instanceof Blob || data instanceof ReadableStream) {
    return { content: data, size: bodySize(data) };
  }
  if (data instanceof URL || typeof data?.path === "string" || data?.path instanceof URL) {
    return readLocalFile(data);
  }
  throw invalid("upload", shown(data), "unsupported data", {
    hint: "Pass bytes, a string, a blob, a stream of bytes, or { path } of a file.",
  });
}

function counted(
  stream: ReadableStream<Uint8Array>,
  { path, size, onProgress }: {
    path: string;
    size?: number;
    onProgress: (progress: TransferProgress) => void;
  },
): ReadableStream<Uint8Array> {
  let bytes = 0;
  return stream.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        onProgress({ path, bytes, totalBytes: size });
        controller.enqueue(chunk);
      },
    }),
  );
}

/** Runs an action when a stream has ended, failed, or is cancelled. */
function closing(
  stream: ReadableStream<Uint8Array>,
  action: () => Promise<void>,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream({
    async pull(controller) {
      const next = await reader.read().catch(async (error) => {
        await action();
        throw error;
      });
      if (!next.done) return controller.enqueue(next.value);
      await action();
      controller.close();
    },
    async cancel(reason) {
      await reader.cancel(reason);
      await action();
    },
  }, { highWaterMark: 0 });
}

function noObject(action: string, url: string): RegistryError {
  return notFound(action, url, "object not found", { hint: "Check the key, including case." });
}

// Downloads of a hub, kept on disk by digest until they are saved. A repeat continues them.
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fault } from "../../../core/errors.ts";
import type { FileSource } from "../../../materializers/mod.ts";
import {
  type Hub,
  type HubFile,
  type HubOptions,
  type HubRepo,
  unavailable,
  withPatience,
} from "./hub_client.ts";

export interface FetchOptions extends Pick<HubOptions, "system" | "signal"> {
  hub: Hub;
  repo: HubRepo;
  commit: string;
  /** The folder of the downloads. */
  folder: string;
  /** Receives bytes that arrived, or were there. Negative if they are fetched again. */
  onBytes(path: string, bytes: number): void;
}

type Sized = Pick<HubFile, "digest" | "size">;

/** Files downloaded concurrently. */
const AT_ONCE = 4;

/** Downloads files, each once for each content. Returns the content by path. */
export async function fetchFiles(
  files: readonly HubFile[],
  options: FetchOptions,
): Promise<Map<string, FileSource>> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const failing = new AbortController();
  const signal = AbortSignal.any([options.signal, failing.signal]);
  const blobs = new Map<string, Promise<FileSource>>();
  const found = new Map<string, FileSource>();
  const rest = files.values();
  const work = async () => {
    for (const file of rest) {
      signal.throwIfAborted();
      const { hex } = file.digest;
      const fetched = blobs.get(hex) ?? fetchBlob(file, { ...options, signal });
      blobs.set(hex, fetched);
      found.set(file.path, await fetched);
    }
  };
  const works = Array.from({ length: AT_ONCE }, async () => {
    await work().catch((error) => {
      failing.abort(error);
      throw error;
    });
  });
  const results = await Promise.allSettled(works);
  options.signal.throwIfAborted();
  failing.signal.throwIfAborted();
  void results;
  return found;
}

async function fetchBlob(file: HubFile, options: FetchOptions): Promise<FileSource> {
  const { folder, onBytes } = options;
  const path = join(folder, file.digest.hex);
  const source = {
    size: file.size,
    stream: () => Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>,
  };
  if (await isWhole(path, file)) {
    onBytes(file.path, file.size);
    return source;
  }
  const part = `${path}.part`;
  let resumed = true;
  for (;;) {
    const { hash, size } = await fetchPart(part, file, options);
    if (size === file.size && hash.digest("hex") === file.digest.hex) break;
    await rm(part, { force: true });
    onBytes(file.path, -size);
    if (!resumed) throw damaged(file, options);
    resumed = false; // what was there may have been damaged
  }
  await rename(part, path);
  return source;
}

/** Returns true for a file with the right content. Removes any other. */
async function isWhole(path: string, file: HubFile): Promise<boolean> {
  const there = await stat(path).catch(() => undefined);
  if (there === undefined) return false;
  if (there.isFile() && there.size === file.size && await hasDigest(path, file)) return true;
  await rm(path, { recursive: true });
  return false;
}

/** Returns whether a file on disk has a digest of a hub. */
async function hasDigest(path: string, file: Sized): Promise<boolean> {
  const hash = hashOf(file);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex") === file.digest.hex;
}

/** Downloads the rest of a file, over as many connections as it takes. */
async function fetchPart(
  part: string,
  file: HubFile,
  { hub, repo, commit, system, signal, onBytes }: FetchOptions,
): Promise<{ hash: Hash; size: number }> {
  const handle = await open(part, "a+", 0o600);
  try {
    let hash = hashOf(file);
    let size = 0;
    const restart = async () => {
      onBytes(file.path, -size);
      [hash, size] = [hashOf(file), 0];
      await handle.truncate(0);
    };
    for await (const chunk of handle.createReadStream({ start: 0, autoClose: false })) {
      hash.update(chunk as Uint8Array);
      size += (chunk as Uint8Array).byteLength;
    }
    onBytes(file.path, size);
    if (size > file.size) await restart();
    await withPatience(async () => {
      if (size === file.size && size > 0) return;
      const { path } = file;
      const { offset, body } = await hub.content(repo, { commit, path, offset: size });
      if (offset !== size) await restart();
      const reader = body.getReader();
      try {
        for (;;) {
          const { done, value } = await reader.read().catch((cause) => {
            signal.throwIfAborted();
            const { host } = new URL(hub.endpoint);
            throw unavailable(path, { host }, `the connection to ${host} broke`, cause);
          });
          if (done || size > file.size) return;
          await handle.appendFile(value);
          hash.update(value);
          size += value.byteLength;
          onBytes(path, value.byteLength);
        }
      } finally {
        await reader.cancel().catch(() => {});
      }
    }, { system, signal, progress: () => size });
    return { hash, size };
  } finally {
    await handle.close();
  }
}

/** Hubs know large files by SHA-256, and others as git does. */
function hashOf({ digest: { algorithm }, size }: Sized): Hash {
  if (algorithm === "sha256") return createHash("sha256");
  return createHash("sha1").update(`blob ${size}\0`);
}

function damaged({ path }: HubFile, { hub, repo }: FetchOptions): Error {
  return fault({
    code: "Corrupt",
    action: "import",
    subject: `${repo.id}/${path}`,
    state: `the content from ${hub.endpoint} does not match its digest`,
    hint: "Rerun the command. If it fails again, the file is damaged at its source.",
  });
}

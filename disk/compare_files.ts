// Compares files on the disk with those of a version, byte by byte.
import { closeSync, fstatSync, lstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { join, sep } from "node:path";
import { createSha256, sha256 } from "../core/bytes/digest.ts";
import type { FileInfo } from "../core/record.ts";
import { READ } from "./disk_calls.ts";
import { errorCode, fileError } from "./file_errors.ts";
import { ExecutableBits, looksExecutable } from "./mounts/executable_bits.ts";
import { isSpecial, lookAt, SPECIAL } from "./target.ts";
import { nextTurn } from "../core/work/next_turn.ts";

/** The entry in the place of a file. Only `different` can be replaced by the file. */
export type Found = "same" | "missing" | "different" | { inTheWay: string; state: string };

interface CompareOptions {
  signal?: AbortSignal;
  onSame?: (file: FileInfo) => void;
}

const CHUNK_BYTES = 1 << 20;

/** Compares files with those in a folder, an absolute path. Follows no link below it. */
export async function compareFiles(
  files: readonly FileInfo[],
  root: string,
  { signal, onSame }: CompareOptions,
): Promise<Map<string, Found>> {
  const states = new Map<string, Found>();
  const folders = new Map<string, Found>([["", "same"]]);
  const shared = { signal, chunk: new Uint8Array(CHUNK_BYTES), bits: new ExecutableBits() };
  for (const file of files) {
    signal?.throwIfAborted();
    const way = lookAtFolder(file.path.slice(0, Math.max(0, file.path.lastIndexOf("/"))));
    const state = way === "same" ? await compareFile(file, join(root, file.path), shared) : way;
    states.set(file.path, state);
    if (state === "same") onSame?.(file);
  }
  return states;

  function lookAtFolder(folder: string): Found {
    const known = folders.get(folder);
    if (known !== undefined) return known;
    const above = lookAtFolder(folder.slice(0, Math.max(0, folder.lastIndexOf("/"))));
    const state = above === "same" ? asFolder(join(root, folder)) : above;
    folders.set(folder, state);
    return state;
  }
}

export async function compareFile(
  file: FileInfo,
  path: string,
  { signal, chunk = new Uint8Array(CHUNK_BYTES), bits = new ExecutableBits() }:
    & Pick<CompareOptions, "signal">
    & { chunk?: Uint8Array; bits?: ExecutableBits } = {},
): Promise<Found> {
  if (file.mode === "folder") return asFolder(path);
  const stats = lookAt(path);
  if (stats === undefined) return "missing";
  if (stats.isDirectory()) return { inTheWay: path, state: "it is a folder" };
  if (isSpecial(path, stats)) return { inTheWay: path, state: SPECIAL };
  if (file.mode === "link") {
    return stats.isSymbolicLink() && isLink(file, path) ? "same" : "different";
  }
  if (!stats.isFile() || stats.size !== file.size) return "different";
  const isOther = looksExecutable(stats) !== (file.mode === "executable");
  if (isOther && bits.areKept(path, stats)) return "different";
  return await digestOf(path, { signal, chunk }) === file.sha256 ? "same" : "different";
}

/** Describes a file or link of a disk, which must exist. */
export async function fileAt(path: string): Promise<FileInfo> {
  const stats = lstatSync(path);
  const { size } = stats;
  if (stats.isSymbolicLink()) {
    return { path, size, mode: "link", sha256: sha256(readlinkSync(path).replaceAll(sep, "/")) };
  }
  const digest = await digestOf(path, { chunk: new Uint8Array(CHUNK_BYTES) }) ?? "";
  const mode = looksExecutable(stats) ? { mode: "executable" as const } : {};
  return { path, size, sha256: digest, ...mode };
}

function asFolder(path: string): Found {
  const stats = lookAt(path);
  if (stats === undefined) return "missing";
  if (stats.isDirectory()) return "same";
  return {
    inTheWay: path,
    state: isSpecial(path, stats)
      ? SPECIAL
      : stats.isSymbolicLink()
      ? "it is a symbolic link"
      : "it is a file",
  };
}

function isLink(file: FileInfo, path: string): boolean {
  return sha256(readlinkSync(path).replaceAll(sep, "/")) === file.sha256;
}

/** Returns the SHA-256 of a file; undefined if it is gone. Yields between large chunks. */
async function digestOf(
  path: string,
  { signal, chunk }: { signal?: AbortSignal; chunk: Uint8Array },
): Promise<string | undefined> {
  let file: number | undefined;
  try {
    file = openSync(path, READ);
    const stats = fstatSync(file);
    if (!stats.isFile()) return undefined;
    const hash = createSha256();
    for (let read = -1; read !== 0;) {
      read = readSync(file, chunk, 0, chunk.byteLength, null);
      hash.update(chunk.subarray(0, read));
      if (read < chunk.byteLength) continue;
      await nextTurn();
      signal?.throwIfAborted();
    }
    return hash.digest();
  } catch (cause) {
    if (["ENOENT", "ELOOP"].includes(errorCode(cause) ?? "")) return undefined; // changed since
    throw fileError("read", path, cause);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

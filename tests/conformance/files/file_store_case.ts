// What a case of the suite for file stores is, and what most of them use.
import { deepStrictEqual, rejects } from "node:assert/strict";
import { type ErrorCode, isRegistryError } from "../../../core/errors.ts";
import type { FileStore } from "../../../core/file_store.ts";

/** What a case works on. */
export interface FileStoreContext {
  readonly files: FileStore;
}

/** One sentence of the contract, and what shows that a store keeps it. */
export interface FileStoreCase {
  readonly name: string;
  /** Throws where the store does not keep it. */
  run(context: FileStoreContext): Promise<void>;
}

export function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

export async function read(files: FileStore, path: string): Promise<string> {
  return new TextDecoder().decode(await (await files.open(path)).bytes());
}

/** Everything in a folder, as `a/ b a->target`, below the folder too. */
export async function tree(files: FileStore, folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, kind, target } of files.list(folder)) {
    found.push(kind === "folder" ? `${path}/` : kind === "link" ? `${path}->${target}` : path);
    if (kind === "folder") found.push(...await tree(files, path));
  }
  return found;
}

/** Fails unless this is refused with this code, and nothing in the store has changed. */
export async function refused(
  files: FileStore,
  code: ErrorCode,
  action: () => Promise<unknown>,
): Promise<void> {
  const before = await tree(files);
  await rejects(action, (error) => {
    if (!isRegistryError(error, code)) throw error;
    return true;
  });
  deepStrictEqual(await tree(files), before);
}

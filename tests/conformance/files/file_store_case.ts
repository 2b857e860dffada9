// Cases of the suite for file stores, and their helpers.
import { deepStrictEqual, rejects } from "node:assert/strict";
import { type ErrorCode, isRegistryError } from "../../../core/errors.ts";
import type { FileStore } from "../../../core/file_store.ts";

/** The input of a case. */
export interface FileStoreContext {
  readonly files: FileStore;
}

/** A rule of the contract, and its test. */
export interface FileStoreCase {
  readonly name: string;
  /** Throws if the store breaks the rule. */
  run(context: FileStoreContext): Promise<void>;
}

export function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

export async function read(files: FileStore, path: string): Promise<string> {
  return new TextDecoder().decode(await (await files.open(path)).bytes());
}

/** Lists everything below a folder, as `a/ b a->target`. */
export async function tree(files: FileStore, folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { path, kind, target } of files.list(folder)) {
    found.push(kind === "folder" ? `${path}/` : kind === "link" ? `${path}->${target}` : path);
    if (kind === "folder") found.push(...await tree(files, path));
  }
  return found;
}

/** Fails unless each call is refused with this code, and all of them change nothing. */
export async function refused(
  files: FileStore,
  code: ErrorCode,
  ...actions: readonly (() => Promise<unknown>)[]
): Promise<void> {
  const before = await tree(files);
  for (const action of actions) {
    await rejects(action, (error) => {
      if (!isRegistryError(error, code)) throw error;
      return true;
    });
  }
  deepStrictEqual(await tree(files), before);
}

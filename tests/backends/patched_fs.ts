// Faults and records of file system calls.
import fs from "node:fs";
import { relative } from "node:path";
import { ownCalls } from "../../disk/disk_calls.ts";

/** Functions of `node:fs` to put in the place of the real ones. */
export type FsPatch = { [name in keyof typeof fs]?: (...args: never[]) => unknown };

/**
 * Runs with some functions of `node:fs` replaced; `patch` gets the originals. Deno's own calls,
 * which the local backend prefers, are absent meanwhile or replaced.
 */
export async function withPatchedFs<T>(
  patch: (real: typeof fs) => FsPatch,
  run: () => Promise<T>,
  own?: typeof ownCalls.deno,
): Promise<T> {
  const real = { ...fs };
  const patched = patch(real);
  const before = { ...ownCalls };
  Object.assign(fs, patched);
  Object.assign(ownCalls, { deno: own });
  try {
    return await run();
  } finally {
    Object.assign(ownCalls, before);
    for (const name of Object.keys(patched) as (keyof typeof fs)[]) {
      Object.assign(fs, { [name]: real[name] });
    }
  }
}

/** An error as `node:fs` throws it. */
export function fsError(code: string): Error {
  return Object.assign(new Error(`${code}: as the test wants it`), { code });
}

/** The synced folders below a path, in order. The disk fails to sync `refuse`. */
export async function syncedFolders(
  root: string,
  run: () => Promise<unknown>,
  refuse?: string,
): Promise<string[]> {
  const events: string[] = [];
  const names = new Map<number, string>();
  await withPatchedFs((real) => ({
    openSync: (path: string, flags: string) => {
      const file = real.openSync(path, flags);
      names.set(file, relative(root, path) || ".");
      return file;
    },
    fsync: (file: number, done: (error: Error | null) => void) => {
      const name = names.get(file)!;
      if (name === refuse) return done(fsError("EIO"));
      if (!name.startsWith("..") && !name.includes(".stage/")) events.push(name);
      real.fsync(file, done);
    },
  }), run);
  return events;
}

// How writers exclude each other where the file system has no hard links: by an exclusive lock on
// one file.
import fs from "node:fs";
import type { Locking } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import { realSystem, type System } from "../../core/system.ts";
import { lookIfThere } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import { makeRoot } from "./make_root.ts";
import { isOrdinary } from "./own_files.ts";
import { type LocalRoot, LOCK_FILE, parseRoot } from "./root.ts";

const MAX_WAIT_MS = 5;

/** What a file system without hard links says to one. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EXDEV",
  "EMLINK",
]);

export interface LockOptions {
  system: System;
  signal?: AbortSignal;
}

/** Calls `action` while no other process, worker or backend over the same root has the lock. */
export async function withLock<T>(
  root: LocalRoot,
  action: () => T,
  options: LockOptions,
): Promise<T> {
  const { system, signal } = options;
  const found = lookIfThere(root.lockFile);
  if (found !== undefined) isOrdinary(found, { key: LOCK_FILE, backend: root.location }); // opening a pipe would wait
  const file = Deno.openSync(root.lockFile, { create: true, write: true });
  try {
    while (!file.tryLockSync(true)) await system.sleep(system.random() * MAX_WAIT_MS, signal);
    return action();
  } finally {
    file.close(); // and with it the lock
  }
}

/** Throws `Unsupported` where there are no file locks. */
export function checkFileLocks(root: LocalRoot): void {
  if (typeof Deno !== "undefined") return;
  throw fault({
    code: "Unsupported",
    action: "write to",
    subject: root.location,
    place: root.location,
    state: "it is written under file locks, and only Deno has them",
    hint: "Run the program with Deno, or keep the registry on a file system with hard links.",
    backend: root.location,
  });
}

/** True for what {@linkcode Locking} `link` gets where there are no hard links. */
export function saysNoLinks(error: unknown): boolean {
  return NO_LINKS.has(errorCode(error));
}

/** Options of {@linkcode detectLocking}. */
export interface DetectLockingOptions {
  system?: System;
}

/**
 * Finds out how creates are made exclusive in a folder. One that is in use tells by its lock file, and nothing is
 * written; in an empty one a hard link is tried. A missing one is made.
 *
 * @example
 * ```ts
 * import { createLocalBackend, detectLocking } from "@holdfast/holdfast/backends/local";
 *
 * const path = await Deno.makeTempDir();
 * const backend = createLocalBackend({ path, locking: await detectLocking(path) });
 * ```
 */
export async function detectLocking(
  path: string | URL,
  options: DetectLockingOptions = {},
): Promise<Locking> {
  const { system = realSystem } = options;
  const root = parseRoot(path);
  try {
    const names = fs.existsSync(root.path) ? await fs.promises.readdir(root.path) : [];
    if (names.includes(LOCK_FILE)) return "file";
    if (names.some((name) => !name.startsWith("."))) return "link";
    return tryLink(root, system);
  } catch (error) {
    throw root.failure(error, { action: "open" });
  }
}

function tryLink(root: LocalRoot, system: System): Locking {
  const file = `${root.stageFolder}/${system.id()}`;
  const link = `${root.stageFolder}/${system.id()}`;
  makeRoot(root);
  root.ways.check(root.stageFolder);
  fs.writeFileSync(file, "", { flag: "wx" });
  try {
    fs.linkSync(file, link);
    fs.unlinkSync(link);
    return "link";
  } catch (error) {
    if (saysNoLinks(error)) return "file";
    throw error;
  } finally {
    fs.unlinkSync(file);
  }
}

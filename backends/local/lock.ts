// Exclusion of writers on a file system without hard links: an exclusive lock on one file.
import fs from "node:fs";
import type { Locking } from "../../core/backend.ts";
import { unsupported } from "../../core/errors.ts";
import { realSystem, type System } from "../../core/system.ts";
import { lookIfThere } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import { makeRoot } from "./make_root.ts";
import { isOrdinary } from "./own_files.ts";
import { type LocalRoot, LOCK_FILE, parseRoot } from "./root.ts";

const MAX_WAIT_MS = 5;

const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "EXDEV",
  "EMLINK",
]);

/** Calls `action` while holding the lock of the root against processes, workers and backends. */
export async function withLock<T>(
  root: LocalRoot,
  action: () => T,
  options: { system: System; signal?: AbortSignal },
): Promise<T> {
  const { system, signal } = options;
  const lockState = lookIfThere(root.lockFile);
  // Opening a pipe would block.
  if (lockState !== undefined) isOrdinary(lockState, { key: LOCK_FILE, backend: root.location });
  const file = Deno.openSync(root.lockFile, { create: true, write: true });
  try {
    if (lockState === undefined) root.owner.give(root.lockFile);
    while (!file.tryLockSync(true)) await system.sleep(system.random() * MAX_WAIT_MS, signal);
    return action();
  } finally {
    file.close(); // releases the lock
  }
}

/** Throws `Unsupported` on a runtime without file locks. */
export function checkFileLocks(root: LocalRoot): void {
  if (typeof Deno !== "undefined") return;
  throw unsupported("write to", root.location, "it uses file locks, which need Deno", {
    place: root.location,
    hint: "Run the program with Deno, or use a file system with hard links.",
    backend: root.location,
  });
}

/** Returns true for the error of a hard link that the file system does not support. */
export function saysNoLinks(error: unknown): boolean {
  return NO_LINKS.has(errorCode(error));
}

/**
 * Detects the locking of a folder: that of a used folder by its lock file, without a write; that of
 * an empty one with a trial hard link. Creates a missing folder.
 */
export async function detectLocking(
  path: string | URL,
  options: { system?: System } = {},
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

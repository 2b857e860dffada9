// The parts of opening a registry that need a disk: bundles for browsers and Workers leave them out.
import type { Backend, Locking } from "../../core/backend.ts";
import { worded } from "../../core/calls/verb_errors.ts";
import { invalid } from "../../core/errors.ts";
import type { OpenOptions } from "../../core/registry.ts";
import { realSystem, type System } from "../../core/system.ts";
import { checkLocalPath } from "../../core/urls/local_path.ts";
import { cacheFolder } from "../../disk/cache_folder.ts";

interface FolderOptions extends OpenOptions {
  durability?: "disk" | "os";
  locking?: Locking;
}

/** Functions that open stores in folders: backends are arguments of a registry. */
interface Disk {
  createLocalBackend(
    options: Pick<FolderOptions, "durability" | "locking" | "system"> & {
      path: string;
    },
  ): Backend;
  detectLocking(path: string, options: { system?: System }): Promise<Locking | undefined>;
  readLocking(backend: Backend, signal?: AbortSignal): Promise<Locking | undefined>;
}

/**
 * Opens the store of a registry in a folder: with the given locking, else with that of the registry,
 * else with the best that a trial on the disk finds.
 */
export async function openFolder(
  path: string,
  { create = true, readOnly = false, signal, system, locking, durability }: FolderOptions,
  { createLocalBackend, detectLocking, readLocking }: Disk,
): Promise<Backend> {
  if (!/^file:/i.test(path)) checkLocalPath(path, "open a registry at");
  const look = () => readLocking(createLocalBackend({ path, durability, locking }), signal);
  const storedLocking = await worded({ verb: "open the registry" }, look);
  const chosen = locking ?? storedLocking;
  const isTried = chosen === undefined && create && !readOnly;
  const used = isTried ? await detectLocking(path, { system }) : chosen;
  return createLocalBackend({ path, durability, locking: used, system });
}

/** Returns the folder of the cache, or why there is none; `warn` if that may surprise. */
export function findCache(
  path: string | URL | undefined,
  { cache, system = realSystem }: OpenOptions,
): { path: string } | { problem: string; warn: boolean } {
  const folder = cacheFolder(path, system);
  if ("path" in folder) return folder;
  const { problem, unsafe = false } = folder;
  if (unsafe && path !== undefined) {
    throw invalid("use this cache folder", undefined, problem, {
      hint:
        "Pass a folder that only you may write to (chmod go-w), or one that does not exist yet.",
    });
  }
  return { problem, warn: unsafe || cache !== undefined };
}

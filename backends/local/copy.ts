// Copies as hard links: objects are replaced, never changed.
import fs from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { CopiedObject, CopyObjectOptions, Locking } from "../../core/backend.ts";
import { closeRead, look, READ } from "../../disk/disk_calls.ts";
import { type DiskSync, syncFile } from "../../disk/disk_sync.ts";
import { errorCode } from "../../disk/file_errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import type { System } from "../../core/system.ts";
import { saysNoLinks, withLock } from "./lock.ts";
import { makeRoot } from "./make_root.ts";
import { isOrdinary } from "./own_files.ts";
import { placeByRename } from "./place.ts";
import { type LocalRoot, objectInfo } from "./root.ts";
import { removeStage, tryRemove } from "./stage.ts";

interface LocalCopyOptions {
  /** Syncs folders. @default no sync */
  disk?: DiskSync;
  locking: Locking;
  system: System;
}

/** Links an object to another key, or lets the system copy its file if it cannot have two names. */
export async function copyObject(
  root: LocalRoot,
  { from, to }: { from: string; to: string },
  { disk, locking, system, signal, other }: LocalCopyOptions & CopyObjectOptions,
): Promise<CopiedObject> {
  const path = root.fileOf(to);
  const source = other ? fileURLToPath(other.location) + from : findSource(root, from);
  const stage = { path: `${root.stageFolder}/${system.id()}` };
  const failure = (error: unknown) => root.failure(error, { action: "copy", key: from });
  try {
    prepareStage(root);
    const linked = await linkOrCopy(source, stage.path);
    if (!linked) root.owner.give(stage.path);
    if (!isOrdinary(look(stage.path), { key: from, backend: root.location })) {
      throw missing(root, from);
    }
    if (other && linked) adopt(root, stage.path, `${root.stageFolder}/${system.id()}`);
    if (disk !== undefined) await syncPath(stage.path);
    signal?.throwIfAborted();
    const place = () => placeByRename({ root, key: to, path, stagePath: stage.path });
    await (locking === "link" ? place() : withLock(root, place, { system, signal }));
    removeStage(stage); // still there if both keys were links to one file
    const info = objectInfo(to, look(path));
    await disk?.folder(dirname(path));
    return { ...info, linked };
  } catch (error) {
    throw errorCode(error) === "ENOENT" ? missing(root, from) : failure(error);
  } finally {
    tryRemove(stage);
  }
}

function findSource(root: LocalRoot, key: string): string {
  const path = root.fileOf(key);
  try {
    root.ways.check(dirname(path));
    if (isOrdinary(look(path), { key, backend: root.location })) return path;
  } catch (error) {
    if (!root.isMissing(error)) throw root.failure(error, { action: "copy", key });
  }
  throw missing(root, key);
}

function prepareStage(root: LocalRoot): void {
  try {
    root.ways.check(root.stageFolder);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    makeRoot(root);
  }
}

async function linkOrCopy(from: string, to: string): Promise<boolean> {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if (!saysNoLinks(error)) throw error;
  }
  await fs.promises.copyFile(from, to, fs.constants.COPYFILE_FICLONE);
  return false;
}

/** Gives a file of another program the owner and the mode of a new file, such as `sample`. */
function adopt({ owner, modes }: LocalRoot, path: string, sample: string): void {
  const file = fs.openSync(path, READ);
  try {
    closeRead(fs.openSync(sample, "wx", modes.file));
    fs.fchmodSync(file, fs.statSync(sample).mode);
    owner.giveFile(file);
  } finally {
    closeRead(file);
    fs.rmSync(sample, { force: true });
  }
}

async function syncPath(path: string): Promise<void> {
  const file = fs.openSync(path, "r");
  try {
    await syncFile(file);
  } finally {
    closeRead(file);
  }
}

function missing(root: LocalRoot, key: string): RegistryError {
  return root.fault("copy", key, {
    code: "NotFound",
    state: "object not found",
    hint: "Check whether it was deleted.",
  });
}

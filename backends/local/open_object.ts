// Opens objects: only regular files inside the root, without blocking.
import fs from "node:fs";
import { dirname } from "node:path";
import { closeRead, type FileLook, look, lookOf } from "../../disk/disk_calls.ts";
import { errorCode } from "../../disk/file_errors.ts";
import { isOrdinary, notOrdinary, type StorePlace } from "./own_files.ts";
import type { LocalRoot } from "./root.ts";

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;

export interface OpenedFile {
  file: number;
  found: FileLook;
}

/** Opens an object; undefined for a folder. Throws for anything else that is not a regular file. */
export function openObject(
  root: LocalRoot,
  key: string,
  access: number = O_RDONLY,
): OpenedFile | undefined {
  const path = root.fileOf(key);
  root.ways.check(dirname(path));
  const where = { key, backend: root.location };
  if (O_NOFOLLOW === 0) isOrdinary(look(path), where); // Windows
  const file = open(path, access | O_NOFOLLOW | O_NONBLOCK, where);
  try {
    const state = lookOf(fs.fstatSync(file));
    if (isOrdinary(state, where)) return { file, found: state };
  } catch (error) {
    closeRead(file);
    throw error;
  }
  closeRead(file);
}

function open(path: string, flags: number, where: StorePlace): number {
  try {
    return fs.openSync(path, flags);
  } catch (error) {
    throw errorCode(error) === "ENXIO" ? notOrdinary(where) : error; // a socket
  }
}

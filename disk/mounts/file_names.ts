// Names that a disk cannot store: exFAT, NTFS and shares of Windows refuse some characters, and
// many disks take names for one that differ in case, or in the form of their Unicode.
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { invalid, type RegistryError } from "../../core/errors.ts";
import { filePathProblem, foldersOf } from "../../core/naming/file_paths.ts";
import { shown } from "../../core/naming/names.ts";
import { errorCode } from "../file_errors.ts";

// deno-lint-ignore no-control-regex
const HARMLESS = /[^<>:"|?*\u0000-\u001f]+/g;
/** Errors of a name that a disk refuses. */
const REFUSED = ["EINVAL", "ENOENT", "EILSEQ", "ENAMETOOLONG", "ENOTSUP", "EACCES", "EPERM"];

/**
 * Tries on the disk whether all paths can be stored, each under its own name. Windows and its disks
 * are the reason, so a name that is valid there is not tried alone.
 *
 * @param folder absolute, on the disk; it is created, and removed with what is in it
 * @throws {RegistryError} `Invalid` for a path that cannot be stored
 */
export function checkNames(paths: readonly string[], folder: string): void {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder);
  try {
    checkStorable(paths, folder);
    checkDistinct(paths, folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** Tries one name of each kind that Windows refuses. */
function checkStorable(paths: readonly string[], folder: string): void {
  const tried = new Set<string>();
  for (const path of paths) {
    if (filePathProblem(path, true) === undefined) continue;
    for (const name of path.split("/")) {
      if (filePathProblem(name, true) === undefined) continue;
      const characters = name.replace(HARMLESS, "") + (/[. ]$/.exec(name)?.[0] ?? "");
      const kind = characters === "" ? name : characters; // such as a device
      if (tried.has(kind)) continue;
      tried.add(kind);
      if (!isStored(join(folder, name))) throw unstorable(path, "its disk cannot store this name");
    }
  }
}

/** Creates a folder. False if it is refused, or stored under another name. */
function isStored(path: string): boolean {
  try {
    fs.mkdirSync(path);
  } catch (cause) {
    if (REFUSED.includes(errorCode(cause) ?? "")) return false;
    throw cause;
  }
  const isThere = fs.readdirSync(dirname(path)).includes(basename(path));
  fs.rmdirSync(path);
  return isThere;
}

/** Tries names that differ in case or in the form of their Unicode, if the disk may mix them up. */
function checkDistinct(paths: readonly string[], folder: string): void {
  const isBlind = areOne(folder, "a", "A") || areOne(folder, "é", "e\u0301");
  if (!isBlind) return;
  const all = foldersOf(paths).union(new Set(paths));
  const seen = new Set<string>(), doubled = new Set<string>();
  for (const path of all) {
    const folded = foldedPath(path);
    if (seen.has(folded)) doubled.add(folded);
    seen.add(folded);
  }
  const twins = new Map<string, string[]>();
  for (const path of doubled.size === 0 ? [] : all) {
    const folded = foldedPath(path);
    if (!doubled.has(folded)) continue;
    const others = twins.get(folded) ?? [];
    for (const other of others) {
      if (dirname(other) !== dirname(path)) continue; // their folders are the twins
      if (!areOne(folder, basename(other), basename(path))) continue;
      throw unstorable(path, `its disk does not distinguish it from ${shown(other)}`);
    }
    twins.set(folded, [...others, path]);
  }
}

function foldedPath(path: string): string {
  return path.normalize("NFC").toUpperCase();
}

/** Returns true if a disk has one entry for both names. */
function areOne(folder: string, name: string, other: string): boolean {
  const path = join(folder, name);
  fs.mkdirSync(path);
  const isOne = fs.existsSync(join(folder, other));
  fs.rmdirSync(path);
  return isOne;
}

function unstorable(path: string, state: string): RegistryError {
  return invalid("write file", shown(path), state, {
    hint: "Choose a folder on another disk, or leave the file out with `exclude`.",
    reason: { kind: "name_unstorable" },
  });
}

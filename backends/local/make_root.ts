// Creation of a store's folder without inspecting its parents, for which Deno may prompt.
import fs from "node:fs";
import { dirname } from "node:path";
import { type RegistryError, unavailable } from "../../core/errors.ts";
import { errorCode } from "../../disk/file_errors.ts";
import type { LocalRoot } from "./root.ts";

/**
 * Creates the root, its folder of stage files, and missing parents. Throws `Unavailable` if the
 * root was there before and is missing or empty now: its disk is not mounted.
 */
export function makeRoot(root: LocalRoot): void {
  const { stageFolder, modes, owner } = root;
  if (root.isKnown && isEmpty(root)) throw goneRoot(root);
  // Deno's own call needs only the permission for the folder; its `node:fs` inspects the parents.
  const { Deno } = globalThis as { Deno?: DenoFolders };
  if (Deno === undefined) makeFolders(stageFolder, modes.folder);
  else Deno.mkdirSync(stageFolder, { recursive: true, mode: modes.folder });
  owner.give(stageFolder);
}

export function goneRoot({ path, location }: LocalRoot): RegistryError {
  return unavailable("write to", path, "the folder is gone", {
    place: path,
    hint: "Mount its disk again or move the folder back; opening it again creates a new one.",
    backend: location,
    retry: "never",
  });
}

/** Returns true for a root that is missing, or empty as a folder on which no disk is mounted. */
export function isEmpty({ path }: LocalRoot): boolean {
  try {
    return fs.readdirSync(path).length === 0;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return true;
    throw error;
  }
}

/** `recursive` of Node never ends in a folder that takes no others, as below /proc. */
function makeFolders(path: string, mode: number): void {
  try {
    makeFolder(path, mode);
  } catch (error) {
    if (errorCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    makeFolders(dirname(path), mode);
    makeFolder(path, mode);
  }
}

function makeFolder(path: string, mode: number): void {
  try {
    fs.mkdirSync(path, { mode });
  } catch (error) {
    const isThere = errorCode(error) === "EEXIST" &&
      fs.statSync(path, { throwIfNoEntry: false })?.isDirectory();
    if (!isThere) throw error;
  }
}

interface DenoFolders {
  mkdirSync(path: string, options: { recursive: boolean; mode: number }): void;
}

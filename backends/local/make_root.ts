// Creation of a store's folder without inspecting its parents, for which Deno may prompt.
import fs from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../../disk/file_errors.ts";
import type { LocalRoot } from "./root.ts";

/** Creates the root, its folder of stage files, and missing parents. */
export function makeRoot({ stageFolder, modes }: LocalRoot): void {
  // Deno's own call needs only the permission for the folder; its `node:fs` inspects the parents.
  const { Deno } = globalThis as { Deno?: DenoFolders };
  if (Deno === undefined) makeFolders(stageFolder, modes.folder);
  else Deno.mkdirSync(stageFolder, { recursive: true, mode: modes.folder });
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

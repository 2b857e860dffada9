/**
 * Making the folder of a store without a look at what lies above it: Deno asks the person at the terminal about each
 * look that nobody permitted.
 *
 * @module
 */
import fs from "node:fs";
import { dirname } from "node:path";
import { mayRead } from "../../core/disk/may_read.ts";
import { errorCode } from "./errors.ts";
import type { LocalRoot } from "./root.ts";
import { syncFolder } from "./sync.ts";

/** Makes the root, the folder of stage files in it, and what is missing above. Returns the topmost that was made. */
export function makeRoot(root: LocalRoot): string | undefined {
  if (fs.existsSync(root.path)) {
    makeFolder(root.stageFolder, root.modes.folder);
    return undefined;
  }
  let first = root.path;
  for (let above = dirname(first); mayRead(above) && !fs.existsSync(above); above = dirname(above)) first = above;
  makeFolder(root.stageFolder, root.modes.folder);
  return first;
}

/** Brings the name of a new root to the disk, and the names of what was made above it, down from `first`. */
export async function syncRoot(root: LocalRoot, first: string): Promise<void> {
  try {
    for (let path = root.path; path.length >= first.length && path !== dirname(path); path = dirname(path)) {
      if (mayRead(dirname(path))) await syncFolder(dirname(path));
    }
  } catch (error) {
    if (errorCode(error) !== "EACCES") throw error; // what lies above the root is somebody else's
  }
}

/** Deno's own call asks for no more than the folder itself; Node's, as Deno has it, looks at those above. */
function makeFolder(path: string, mode: number): void {
  const { Deno } = globalThis as { Deno?: DenoFolders };
  if (Deno === undefined) fs.mkdirSync(path, { recursive: true, mode });
  else Deno.mkdirSync(path, { recursive: true, mode });
}

interface DenoFolders {
  mkdirSync(path: string, options: { recursive: boolean; mode: number }): void;
}

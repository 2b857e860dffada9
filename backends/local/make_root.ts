// Making the folder of a store without a look at what lies above it: Deno asks the person at the
// terminal about each look that nobody permitted.
import fs from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "../../disk/file_errors.ts";
import type { LocalRoot } from "./root.ts";

/** Makes the root, the folder of stage files in it, and what is missing above. */
export function makeRoot({ stageFolder, modes }: LocalRoot): void {
  // Deno's own call asks for no more than the folder itself; Node's, as Deno has it, looks at those above.
  const { Deno } = globalThis as { Deno?: DenoFolders };
  if (Deno === undefined) makeFolders(stageFolder, modes.folder);
  else Deno.mkdirSync(stageFolder, { recursive: true, mode: modes.folder });
}

/** Node's own `recursive` never ends where a folder is there that takes no others, as below /proc. */
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

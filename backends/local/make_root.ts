/**
 * Making the folder of a store without a look at what lies above it: Deno asks the person at the terminal about each
 * look that nobody permitted.
 *
 * @module
 */
import fs from "node:fs";
import type { LocalRoot } from "./root.ts";

/** Makes the root, the folder of stage files in it, and what is missing above. */
export function makeRoot({ stageFolder, modes }: LocalRoot): void {
  // Deno's own call asks for no more than the folder itself; Node's, as Deno has it, looks at those above.
  const { Deno } = globalThis as { Deno?: DenoFolders };
  if (Deno === undefined) fs.mkdirSync(stageFolder, { recursive: true, mode: modes.folder });
  else Deno.mkdirSync(stageFolder, { recursive: true, mode: modes.folder });
}

interface DenoFolders {
  mkdirSync(path: string, options: { recursive: boolean; mode: number }): void;
}

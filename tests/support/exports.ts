// The export map of the package.
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { REPOSITORY } from "./run_deno.ts";

/** From subpath (`.`, `./backends/local`) to file (`./backends/local.ts`). */
export async function readExports(): Promise<Record<string, string>> {
  return JSON.parse(await readFile(join(REPOSITORY, "deno.json"), "utf8")).exports;
}

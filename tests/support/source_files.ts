// The files of this repository.
import { readdir } from "node:fs/promises";
import { join } from "@std/path";
import { REPOSITORY } from "./run_deno.ts";

export const PRODUCT_FOLDERS: readonly string[] = [
  "core",
  "disk",
  "registry",
  "backends",
  "formats",
  "queues",
  "materializers",
  "files",
  "neighbors",
  "operators",
  "workers",
  "plugins",
  "apps",
];

/** The folders of everything else that is code. */
export const OTHER_FOLDERS: readonly string[] = ["tests", "dev", "examples"];

export async function sourceFiles(folders: readonly string[]): Promise<string[]> {
  const present = (await readdir(REPOSITORY)).filter((name) => folders.includes(name));
  const found: string[] = [];
  for (const folder of present) {
    const names = await readdir(join(REPOSITORY, folder), { recursive: true });
    found.push(...names.filter((name) => name.endsWith(".ts")).map((name) => join(folder, name)));
  }
  return found.sort();
}

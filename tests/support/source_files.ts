// The files of this repository.
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "@std/path";
import { REPOSITORY } from "./run_deno.ts";

/** Published folders that are no code of the product. */
const NO_CODE = /^(LICENSE|decisions|docs|python|tests\/.*)$|\./;

/** The folders of the product: those that are published. */
export const PRODUCT_FOLDERS: readonly string[] =
  (JSON.parse(await readFile(join(REPOSITORY, "deno.json"), "utf8")).publish.include as string[])
    .filter((path) => !NO_CODE.test(path));

/** The sources of the page that the service sends to browsers, a product of its own. */
export const EXPLORER_FOLDER = "explorer/src";

/** The built page, which a clone may not have: no source. */
export const BUILT_PAGE = "apps/server/explorer/bundle.ts";

/** The folders that hold tests. */
export const TEST_FOLDERS: readonly string[] = ["tests", "explorer/tests"];

/** The folders of everything else that is code. */
export const OTHER_FOLDERS: readonly string[] = [...TEST_FOLDERS, "dev", "examples"];

export async function sourceFiles(folders: readonly string[]): Promise<string[]> {
  const present = folders.filter((folder) => existsSync(join(REPOSITORY, folder)));
  const files: string[] = [];
  for (const folder of present) {
    const names = await readdir(join(REPOSITORY, folder), { recursive: true });
    files.push(...names.filter((name) => name.endsWith(".ts")).map((name) => join(folder, name)));
  }
  return files.filter((path) => path !== BUILT_PAGE).sort();
}

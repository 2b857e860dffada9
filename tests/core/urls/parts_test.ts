// Parts that a program may import itself are found by the name of their file alone, because a bundle has no folders.
import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import { REPOSITORY } from "../../support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../../support/source_files.ts";

const LOADED = /\bloadPart<[^;]*?>\(\s*"(\.[^"]+\.ts)"/g;
const PROVIDED = /^providePart\("([^"]+)"/gm;

Deno.test("no part is loaded by the name of another one that programs import", async () => {
  const provided = new Map<string, string>();
  const loaded: [file: string, by: string][] = [];
  for (const path of await sourceFiles(PRODUCT_FOLDERS)) {
    const source = await readFile(join(REPOSITORY, path), "utf8");
    for (const [, name = ""] of source.matchAll(PROVIDED)) provided.set(name, path);
    for (const [, part = ""] of source.matchAll(LOADED)) {
      loaded.push([join(dirname(path), part), path]);
    }
  }
  const wrong = loaded.filter(([file]) => {
    const owner = provided.get(file.replace(/^.*\//, ""));
    return owner !== undefined && owner !== file;
  });
  assertEquals([provided.size > 5, loaded.length > 20, wrong], [true, true, []]);
});

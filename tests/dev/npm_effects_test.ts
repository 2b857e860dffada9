// Modules that are imported for what they do: bundlers keep those that the npm package names.
import { assert, assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { matchesStars } from "../../core/text/star_pattern.ts";
import { WITH_EFFECTS } from "../../dev/npm.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../support/source_files.ts";

function isKept(path: string): boolean {
  const built = `./${path.replace(/\.ts$/, ".js")}`;
  return WITH_EFFECTS.some((pattern) => matchesStars(built, pattern));
}

Deno.test("bundlers keep each module that another one imports without a name", async () => {
  const imported: string[] = [];
  for (const path of await sourceFiles(PRODUCT_FOLDERS)) {
    const text = await readFile(join(REPOSITORY, path), "utf8");
    const found = text.matchAll(/^import "(\.[^"]+)";/gm);
    imported.push(...Array.from(found, ([, to = ""]) => join(path, "..", to)));
  }
  assert(imported.length > 0);
  assertEquals(imported.filter((path) => !isKept(path)), []);
});

Deno.test("bundlers keep an import of signatures alone, by which rules are understood", () => {
  assert(isKept("extensions/signatures/signatures.ts"));
});

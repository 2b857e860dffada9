import { assert, assertEquals, assertFalse } from "@std/assert";
import { readFileSync } from "node:fs";
import { join } from "@std/path";
import { REPOSITORY } from "../support/run_deno.ts";

Deno.test("the changelog begins with the version of the package, and has each once", () => {
  const changelog = readFileSync(join(REPOSITORY, "CHANGELOG.md"), "utf8");
  const { version } = JSON.parse(readFileSync(join(REPOSITORY, "deno.json"), "utf8"));
  const versions = [...changelog.matchAll(/^## (\S+)/gm)].map(([, heading]) => heading);
  assertEquals(versions[0], version);
  assertEquals(versions.length, new Set(versions).size);
});

Deno.test("the section of the first release has at most 200 lines, by part", () => {
  const changelog = readFileSync(join(REPOSITORY, "CHANGELOG.md"), "utf8");
  const section = changelog.split(/^(?=## )/m).find((text) => text.startsWith("## 0.1.0 "))!;
  assert(section.split("\n").length <= 200, "join lines of one part: nobody reads a longer list");
  assertFalse(/^### (Added|Changed|Fixed|Removed)$/m.test(section), "nothing was released before");
});

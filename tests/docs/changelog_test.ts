import { assertEquals } from "@std/assert";
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

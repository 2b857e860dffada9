import { assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { join } from "@std/path";
import { REPOSITORY } from "../support/run_deno.ts";

Deno.test("the changelog begins with the version of the package", () => {
  const changelog = readFileSync(join(REPOSITORY, "CHANGELOG.md"), "utf8");
  const { version } = JSON.parse(readFileSync(join(REPOSITORY, "deno.json"), "utf8"));
  const [heading] = /^## .*$/m.exec(changelog)!;
  assertEquals(heading.split(" ")[1], version);
});

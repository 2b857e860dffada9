import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  measureFiles,
  problemsOf,
  publishedFiles,
  readArguments,
  shownRun,
} from "../../dev/release.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";

Deno.test("a release is only shown, never made, from a clone", () => {
  for (const args of [[], ["--only", "npm"], ["--dry-run", "--only", "npm,crates"]]) {
    assertEquals(readArguments(args), undefined);
  }
  const { kinds, json } = readArguments(["--dry-run", "--json", "--only", "python,jsr"])!;
  assertEquals([kinds, json], [["jsr", "python"], true]);
});

Deno.test("the list of JSR's files is read from the dry run of Deno", () => {
  const root = `file://${REPOSITORY}`;
  const output = `Simulating publish\n   ${root}mod.ts (3.1KB)\n   ${root}core/errors.ts (9KB)\n` +
    `warning: something\n  --> ${REPOSITORY}mod.ts:1\n   ${root}mod.ts (3.1KB)\n`;
  assertEquals(publishedFiles(output), ["core/errors.ts", "mod.ts"]);
});

Deno.test("files are counted, and their checksum is that of sha256sum's list", async () => {
  await using root = await tempRoot();
  await Deno.mkdir(root.join("a"));
  await Deno.writeTextFile(root.join("a/1.txt"), "one");
  await Deno.writeTextFile(root.join("2.txt"), "three");
  const lines = `${sha256("three")}  2.txt\n${sha256("one")}  a/1.txt\n`;
  assertEquals(await measureFiles(root.path, ["a/1.txt", "2.txt"]), {
    files: 2,
    bytes: 8,
    sha256: sha256(lines),
  });
});

Deno.test("versions that differ, and a changelog without a date, are problems", () => {
  const changelog = "## 0.2.0 (2026-12-01)";
  assertEquals(problemsOf({ deno: "0.2.0", python: "0.2.0", changelog }), []);
  assertEquals(problemsOf({ deno: "0.3.0", python: "0.2.0", changelog }), [
    "python/pyproject.toml has version 0.2.0, deno.json 0.3.0",
    "CHANGELOG.md does not begin with 0.3.0",
  ]);
  const [dateless] = problemsOf({ deno: "0.2.0", changelog: "## 0.2.0 (not yet released)" });
  assertStringIncludes(dateless!, "no date");
});

Deno.test("a dry run shows each file with its size and checksum, and what failed", () => {
  const item = { to: "npm", name: "a.tgz", version: "0.2.0", files: 1200, bytes: 2048 };
  const text = shownRun({
    version: "0.2.0",
    commit: "abc",
    items: [{ ...item, sha256: "12ab" }],
    before: ["CHANGELOG.md has no date"],
    failed: ["python: no network"],
  });
  for (const part of ["commit abc", "a.tgz 0.2.0, 1,200 files", "12ab", "no date", "no network"]) {
    assertStringIncludes(text, part);
  }
  assertStringIncludes(text, "Nothing was published");
});

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { walkFiles } from "../walk_files.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { damageRecords } from "../damage_records.ts";
import { fillRegistry, holdfast, succeeds } from "../captured_io.ts";

Deno.test("verify says that all is well, and how much that is", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  assertMatch(await succeeds("verify", { cwd }), /^All is well: 4 versions, 5 files, \d+ B\n$/);
  assertEquals(await succeeds("verify note config --quiet", { cwd }), "");
});

Deno.test("verify shows damage as a table, ends with 1, and --json gives a line for each problem", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("save big -", { cwd, stdin: new Uint8Array(200_000) });
  const [payload] = await Array.fromAsync(walkFiles(root.join(".holdfast/objects")));
  await Deno.remove(payload);
  const { code, out } = await holdfast("verify", { cwd });
  assertEquals(code, 1);
  const lines = out.trimEnd().split("\n");
  assertMatch(lines[0], /^REF +CODE +PROBLEM$/);
  assertMatch(lines[1], /^big@1\.0\.0 +Corrupt +/);
  assertMatch(lines.at(-1)!, /^1 problem in 5 versions/);
  const json = (await holdfast("verify --json", { cwd })).out.trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals([json[0].code, json.at(-1).ok, json.at(-1).problems], ["Corrupt", false, 1]);
  assertStringIncludes(await succeeds("verify note", { cwd }), "All is well");
});

Deno.test("verify says each hint once, below the table, in words of the command line", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await damageRecords(root.join(".holdfast"), "config");
  await succeeds("save big -", { cwd, stdin: new Uint8Array(200_000) });
  for await (const path of walkFiles(root.join(".holdfast/objects"))) await Deno.remove(path);
  const { out } = await holdfast("verify", { cwd });
  const lines = out.trimEnd().split("\n");
  assertEquals(lines.map((line) => line.split(/[@: ]/)[0]), [
    "REF",
    "big",
    "config",
    "config",
    "hint",
    "hint",
    "3",
  ]);
  assertStringIncludes(out, "--no-share");
  assertEquals(out.includes("base: null"), false);
});

Deno.test("verify says what it did not look at, and names an alias that names nothing", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await Deno.writeTextFile(root.join(".holdfast/readme.txt"), "by ann");
  const { err } = await holdfast("verify note --shallow", { cwd });
  assertStringIncludes(err, "Not looked at: 2 other names; 1 file\n");
  assertStringIncludes(
    (await holdfast("verify", { cwd })).err,
    "Not looked at: 1 object of somebody else\n",
  );
  await succeeds("alias config live 2", { cwd });
  await succeeds("rm config@2 --force --yes", { cwd });
  const { code, out } = await holdfast("verify", { cwd });
  assertEquals(code, 1);
  assertMatch(
    out,
    /\nconfig@live +NotFound +Cannot find .*names version 2\.0\.0, which was deleted/,
  );
  assertStringIncludes(out, "holdfast alias config live --delete");
  const [, report] = (await holdfast("verify --json", { cwd })).out.trimEnd().split("\n").slice(-2);
  const { unseen, records } = JSON.parse(report);
  assertEquals([unseen.strangers, unseen.generations, records > 5], [1, 1, true]);
});

Deno.test("verify of a ref says how to read every byte of it", async () => {
  await using root = await tempRoot();
  await fillRegistry(root.path);
  const { code, err } = await holdfast("verify config@1", { cwd: root.path });
  assertEquals(code, 2);
  assertStringIncludes(
    err,
    `For one version: echo '{"ref":"config@1"}' | holdfast batch verify -\n`,
  );
});

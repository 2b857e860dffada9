import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { runCli } from "../../../run_cli.ts";
import type { ownCalls } from "../../../../../disk/disk_calls.ts";
import { withPatchedFs } from "../../../../backends/patched_fs.ts";
import { IS_QUICK } from "../../../../support/seeds.ts";
import { damageRecords } from "../../../damage_records.ts";
import { captureIo, cliTest, filesIn, filledTest, fillRegistry } from "../../../captured_io.ts";

filledTest("ls lists names with latest version, count and size, aligned", async (it) => {
  const lines = (await it.succeeds("ls")).trimEnd().split("\n");
  assertMatch(lines[0], /^NAME {6}LATEST {2}VERSIONS +SIZE {2}SAVED$/);
  assertMatch(lines[1], /^config {4}2\.0\.0 {10}2 +\d+ B {2}\d{4}-\d\d-\d\d \d\d:\d\d$/);
  assertEquals(lines.map((line) => line.split(" ")[0]), ["NAME", "config", "data:raw", "note"]);
  const long = await it.succeeds("ls config --long");
  assertMatch(long.split("\n")[1], / json {2}[0-9a-f]{12} {2}production=2\.0\.0$/);
});

filledTest("ls --json prints one object per line, --quiet bare names", async (it) => {
  const rows = await it.jsonLines("ls --json");
  assertEquals(rows.map(({ name, latest, versions }) => [name, latest, versions]), [
    ["config", "2.0.0", 2],
    ["data:raw", "1.0.0", 1],
    ["note", "1.0.0", 1],
  ]);
  await it.prints("ls --quiet", "config\ndata:raw\nnote\n");
  await it.prints("ls -q --json --limit 1", `{"name":"config"}\n`);
  await it.prints("ls -q --after config --limit 1", "data:raw\n");
  await it.prints("ls -q data:", "data:raw\n");
});

filledTest("ls leaves out the records of pipelines", async (it) => {
  const records = ["run", "result", "cancel", "step:a", "failure:a", "shards:a", "inputs:a"];
  for (const name of [...records.map((each) => `p:${each}`), "p:output:a", "my:run", "q:step:a"]) {
    await it.succeeds(["save", name, "-", "--as", "text"], { stdin: "x" });
  }
  const names = (out: string) =>
    out.trimEnd().split("\n").slice(1).map((line) => line.split(" ")[0]);
  const { out, err } = await it.holdfast("ls");
  const rest = ["config", "data:raw", "my:run", "note", "p:output:a", "q:step:a"];
  assertEquals([names(out), err], [rest, "Left out 7 records of pipelines: holdfast ls --all\n"]);
  assertEquals(names(await it.succeeds("ls --all")).length, 13);
  assertEquals(names(await it.succeeds("ls p:")).length, 8);
  assertEquals((await it.jsonLines("ls --json")).length, 13);
});

cliTest("the first rows of a long ls come before all names are read", async (it) => {
  await fillRegistry(it.cwd);
  const names = join(it.cwd, ".holdfast/names");
  const [record] = (await filesIn(join(names, "note"))).filter((file) => file.endsWith(".rec"));
  const letters = [..."abcdefghijkl"];
  for (
    const name of letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)))
  ) {
    await Deno.mkdir(join(names, name));
    await Deno.copyFile(join(names, "note", record), join(names, name, record));
  }
  const folders = new Set<string>();
  const readDirSync = (path: string) => {
    folders.add(path);
    return Deno.readDirSync(path);
  };
  const io = captureIo({ cwd: it.cwd });
  let readAtFirst = 0;
  const write = async (data: string | Uint8Array) => {
    readAtFirst ||= folders.size;
    await io.stdout.write(data);
  };
  const all = { ...Deno, readDirSync } as unknown as typeof ownCalls.deno;
  const run = () => runCli(["ls"], { ...io, stdout: { ...io.stdout, write } });
  await withPatchedFs(() => ({}), run, all); // it marks the copies as damaged
  assert(readAtFirst < 1400, `${readAtFirst} folders`);
  const rows = new TextDecoder().decode(io.output()).trimEnd().split("\n");
  assertEquals(rows.length, 1 + 1728 + 3);
}, { ignore: IS_QUICK });

cliTest("an empty ls explains how to begin", async (it) => {
  await it.succeeds("init");
  const empty = await it.holdfast("ls");
  assertEquals([empty.code, empty.out], [0, ""]);
  assertStringIncludes(empty.err, "holdfast save NAME FILE");
  await fillRegistry(it.cwd);
  const none = await it.holdfast("ls zzz");
  assertEquals([none.code, none.out, none.err], [0, "", `No name begins with "zzz"\n`]);
  assertEquals((await it.holdfast("ls --after note")).err, "No more names\n");
  assertEquals((await it.holdfast("ls --limit 0")).err, "");
});

cliTest("ls takes a location as the registry", async (it) => {
  await it.succeeds("init r");
  await it.succeeds("save /odd - -r r");
  await it.prints("ls ./r -q", "/odd\n");
  await it.prints("ls /o -q -r r", "/odd\n");
  await it.fails("ls", 3, "holdfast init");
});

filledTest("ls marks damaged records and exits with 5", async (it) => {
  await damageRecords(it.root.join(".holdfast"), "config");
  for (const line of ["ls", "ls --long"]) {
    const { code, out, err } = await it.holdfast(line);
    assertEquals(code, 5, err);
    const lines = out.trimEnd().split("\n");
    assertMatch(lines[1], /^config +2\.0\.0 +2 +corrupt$/);
    assertMatch(lines[3], /^note +1\.0\.0 +1 +5 B /);
    assertStringIncludes(err, "hint: See all problems: holdfast verify config\n");
  }
  const [row] = (await it.holdfast("ls --json")).out.split("\n");
  assertEquals([JSON.parse(row).latest, JSON.parse(row).error.code], ["2.0.0", "Corrupt"]);
  await it.prints("ls -q", "config\ndata:raw\nnote\n");
});

cliTest("ls fits columns to the terminal, --wide shows all", async (it) => {
  await it.succeeds("init");
  for (const run of [10, 2, 1]) await it.succeeds(`save run-${run} - --as json`, { stdin: "1" });
  const first = (text: string) => text.trimEnd().split("\n").map((line) => line.split(" ")[0]);
  assertEquals(first(await it.succeeds("ls")), ["NAME", "run-1", "run-2", "run-10"]);
  const env = { NO_COLOR: "1" };
  const narrow = await it.holdfast("ls --long", { env, terminals: ["stdout"], columns: 60 });
  assertEquals(narrow.out.split("\n")[0].split(/ +/), [
    "NAME",
    "LATEST",
    "VERSIONS",
    "SIZE",
    "SAVED",
    "ALIASES",
  ]);
  assertStringIncludes(narrow.err, "Columns that did not fit: KIND, DIGEST (--wide shows all)");
  const wide = await it.holdfast("ls --long --wide", { terminals: ["stdout"], columns: 60 });
  assertStringIncludes(wide.out, "DIGEST");
});

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { damageRecords } from "../../damage_records.ts";
import { fillRegistry, holdfast, succeeds } from "../../captured_io.ts";

Deno.test("ls lists names with latest version, count and size, aligned", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const lines = (await succeeds("ls", { cwd })).trimEnd().split("\n");
  assertMatch(lines[0], /^NAME {6}LATEST {2}VERSIONS +SIZE {2}SAVED$/);
  assertMatch(lines[1], /^config {4}2\.0\.0 {10}2 +\d+ B {2}\d{4}-\d\d-\d\d \d\d:\d\d$/);
  assertEquals(lines.map((line) => line.split(" ")[0]), ["NAME", "config", "data:raw", "note"]);
  const long = await succeeds("ls config --long", { cwd });
  assertMatch(long.split("\n")[1], / json {2}[0-9a-f]{12} {2}production=2\.0\.0$/);
});

Deno.test("ls --json prints one object per line, --quiet bare names", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const rows = (await succeeds("ls --json", { cwd })).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  assertEquals(rows.map(({ name, latest, versions }) => [name, latest, versions]), [
    ["config", "2.0.0", 2],
    ["data:raw", "1.0.0", 1],
    ["note", "1.0.0", 1],
  ]);
  assertEquals(await succeeds("ls --quiet", { cwd }), "config\ndata:raw\nnote\n");
  assertEquals(await succeeds("ls -q --json --limit 1", { cwd }), `{"name":"config"}\n`);
  assertEquals(await succeeds("ls -q --after config --limit 1", { cwd }), "data:raw\n");
  assertEquals(await succeeds("ls -q data:", { cwd }), "data:raw\n");
});

Deno.test("ls of nothing says how to begin, on standard error", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  const empty = await holdfast("ls", { cwd });
  assertEquals([empty.code, empty.out], [0, ""]);
  assertStringIncludes(empty.err, "holdfast save NAME FILE");
  await fillRegistry(cwd);
  const none = await holdfast("ls zzz", { cwd });
  assertEquals([none.code, none.out, none.err], [0, "", `No name begins with "zzz"\n`]);
  assertEquals((await holdfast("ls --after note", { cwd })).err, "No more names\n");
  assertEquals((await holdfast("ls --limit 0", { cwd })).err, "");
});

Deno.test("ls takes a place as the registry, unless one is named", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init r", { cwd });
  await succeeds("save ./odd - -r r", { cwd });
  assertEquals(await succeeds("ls ./r -q", { cwd }), "./odd\n");
  assertEquals(await succeeds("ls ./o -q -r r", { cwd }), "./odd\n");
  const elsewhere = await holdfast("ls", { cwd });
  assertEquals(elsewhere.code, 3);
  assertStringIncludes(elsewhere.err, "holdfast init");
});

Deno.test("ls prints pages of many names", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await using registry = await openRegistry(root.join(".holdfast"), { durability: "os" });
  await registry.saveMany(Array.from({ length: 130 }, (_, i) => ({ name: `n${i}`, value: i })));
  const lines = (await succeeds("ls", { cwd })).trimEnd().split("\n");
  assertEquals(lines.length, 131);
  assertEquals(lines.filter((line) => line.startsWith("NAME")).length, 1);
});

Deno.test("ls goes on past a damaged record, marks its row, and ends with 5", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await damageRecords(root.join(".holdfast"), "config");
  for (const line of ["ls", "ls --long"]) {
    const { code, out, err } = await holdfast(line, { cwd });
    assertEquals(code, 5, err);
    const lines = out.trimEnd().split("\n");
    assertMatch(lines[1], /^config +2\.0\.0 +2 +corrupt$/);
    assertMatch(lines[3], /^note +1\.0\.0 +1 +5 B /);
    assertStringIncludes(err, "hint: See all that is wrong: holdfast verify config\n");
  }
  const [row] = (await holdfast("ls --json", { cwd })).out.split("\n");
  assertEquals([JSON.parse(row).latest, JSON.parse(row).error.code], ["2.0.0", "Corrupt"]);
  assertEquals(await succeeds("ls -q", { cwd }), "config\ndata:raw\nnote\n");
});

Deno.test("a terminal that does not know its width gets whole lines", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  const name = `name-${"x".repeat(120)}`;
  await succeeds(`save ${name} -`, { cwd });
  for (const line of ["ls", `versions ${name}`, `info ${name}`, "ls --help"]) {
    const { code, out } = await holdfast(line, {
      cwd,
      terminals: ["stdout", "stderr"],
      columns: 0,
    });
    assertEquals(code, 0);
    assertEquals(out.includes("…"), false);
  }
  assertStringIncludes(await succeeds("ls", { cwd, terminals: ["stdout"], columns: 0 }), name);
});

Deno.test("ls orders names as people do, leaves columns out on a narrow terminal and says so, and --wide shows all", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  for (const run of [10, 2, 1]) await succeeds(`save run-${run} - --as json`, { cwd, stdin: "1" });
  const first = (text: string) => text.trimEnd().split("\n").map((line) => line.split(" ")[0]);
  assertEquals(first(await succeeds("ls", { cwd })), ["NAME", "run-1", "run-2", "run-10"]);
  const env = { NO_COLOR: "1" };
  const narrow = await holdfast("ls --long", { cwd, env, terminals: ["stdout"], columns: 60 });
  assertEquals(narrow.out.split("\n")[0].split(/ +/), [
    "NAME",
    "LATEST",
    "VERSIONS",
    "SIZE",
    "SAVED",
    "ALIASES",
  ]);
  assertStringIncludes(narrow.err, "Not shown, for want of room: KIND, DIGEST (--wide shows all)");
  const wide = await holdfast("ls --long --wide", { cwd, terminals: ["stdout"], columns: 60 });
  assertStringIncludes(wide.out, "DIGEST");
});

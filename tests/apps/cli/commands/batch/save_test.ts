import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openRegistry } from "../../../../../mod.ts";
import { realSystem } from "../../../../../core/system.ts";
import { spawnDeno } from "../../../../support/run_deno.ts";
import { tempRoot } from "../../../../support/temp_root.ts";
import { watchProcess } from "../../../../support/watch_process.ts";
import { type CliRun, cliTest, holdfast, noise, succeeds } from "../../../captured_io.ts";

type Row = Record<string, unknown>;

/** A registry, and a manifest in a folder of its own. */
async function world(...rows: Row[]) {
  const root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await Deno.mkdir(root.join("in"));
  const write = (...rows: Row[]) =>
    Deno.writeTextFile(root.join("in/m.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
  const run = (flags = ""): Promise<CliRun> => holdfast(`batch save in/m.jsonl ${flags}`, { cwd });
  const versions = async (name: string) =>
    (await succeeds(`versions ${name} -q`, { cwd })).split("\n").filter((line) => line !== "")
      .reverse();
  await write(...rows);
  return { root, cwd, write, run, versions, [Symbol.asyncDispose]: () => root.remove() };
}

/** Returns the rows that `--json` printed, in the order of the manifest. */
function rowsOf(out: string): Row[] {
  const lines: Row[] = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  return lines.filter(({ index }) => index !== undefined)
    .sort((a, b) => (a.index as number) - (b.index as number));
}

Deno.test("batch save saves values, files and folders, beside the manifest, and reports each row", async () => {
  await using it = await world(
    { name: "v", value: { lr: 0.1 }, metadata: { run: 1 } },
    { name: "f", path: "f.txt", version: "1.2" },
    { name: "t", path: "f.txt", as: "text", compress: "gzip" },
    { name: "d", path: "." },
    { name: "n", value: null },
  );
  await Deno.writeTextFile(it.root.join("in/f.txt"), "hello");
  const { code, out, err } = await it.run("--json");
  assertEquals([code, err], [0, ""]);
  const summary = { rows: 5, done: 5, skipped: 0, failed: 0, bytes: 233 };
  assertEquals(JSON.parse(out.trimEnd().split("\n").at(-1)!), { summary });
  const report = rowsOf(out);
  assertEquals(
    report.map((
      { index, line, ok, name, version, skipped },
    ) => [index, line, ok, name, version, skipped]),
    [
      [0, 1, true, "v", "1.0.0", false],
      [1, 2, true, "f", "1.2.0", false],
      [2, 3, true, "t", "1.0.0", false],
      [3, 4, true, "d", "1.0.0", false],
      [4, 5, true, "n", "1.0.0", false],
    ],
  );
  await using registry = await openRegistry(it.root.join(".holdfast"));
  assertEquals(await registry.load("v"), { lr: 0.1 });
  assertEquals((await registry.info("v")).metadata, { run: 1 });
  assertEquals(await registry.load("t"), "hello");
  assertEquals(await registry.load("n"), null);
  assertEquals((await registry.info("f")).digest, report[1].digest);
  assertEquals((await registry.info("d")).files.map(({ path }) => path).sort(), [
    "f.txt",
    "m.jsonl",
  ]);
});

Deno.test("batch save again saves nothing, and after a change of the manifest only what is new", async () => {
  const [one, two] = [{ name: "a", value: 1 }, { name: "a", value: 2 }];
  await using it = await world(one, one, two, { name: "b", value: 1, version: "1" });
  await it.run();
  assertEquals(
    await it.versions("a"),
    ["1.0.0", "2.0.0", "3.0.0"],
    "two equal rows are two versions",
  );
  const again = await it.run();
  assertEquals(again.code, 0);
  assertStringIncludes(again.out, "Saved 0 of 4 rows (4 already done)");
  await it.write({ name: "c", value: 0 }, two, one, one, { name: "a", value: 4 }, one); // moved, added, one more equal
  assertStringIncludes((await it.run()).out, "Saved 3 of 6 rows (3 already done)");
  assertEquals(await it.versions("a"), ["1.0.0", "2.0.0", "3.0.0", "4.0.0", "5.0.0"]);
  await it.run("--run-id another");
  assertEquals((await it.versions("a")).length, 10);
  assertStringIncludes((await it.run("--run-id another")).out, "Saved 0 of 6");
});

Deno.test("a row whose version exists is skipped where the content is the same, and a Conflict where not", async () => {
  await using it = await world(
    { name: "small", value: "x", version: "1" },
    { name: "large", path: "large.bin", version: "1" },
    { name: "kept", value: 2, version: "1", onConflict: "skip" },
    { name: "strict", value: 1, version: "1", onConflict: "fail" },
  );
  await Deno.writeFile(it.root.join("in/large.bin"), noise(400_000));
  assertEquals((await it.run()).code, 0);
  const again = await it.run("--json");
  assertEquals(again.code, 1);
  assertEquals(rowsOf(again.out).map(({ ok }) => ok), [true, true, true, false]);
  await Deno.writeFile(it.root.join("in/large.bin"), noise(400_001));
  await it.write(
    { name: "small", value: "y", version: "1.0.0" },
    { name: "large", path: "large.bin", version: "1" },
    { name: "kept", value: 3, version: "1", onConflict: "skip" },
  );
  const changed = await it.run("--json");
  assertEquals(changed.code, 1);
  const codes = rowsOf(changed.out).map(({ ok, error }) => ok || (error as Row).code);
  assertEquals(codes, ["Conflict", "Conflict", true]);
  assertEquals(await it.versions("large"), ["1.0.0"]);
});

Deno.test("a file that changed since its row was saved is reported, not skipped", async () => {
  await using it = await world({ name: "f", path: "f.bin" });
  await Deno.writeTextFile(it.root.join("in/f.bin"), "one");
  await it.run();
  await Deno.writeTextFile(it.root.join("in/f.bin"), "two");
  const { code, err } = await it.run();
  assertEquals(code, 1);
  assertStringIncludes(
    err,
    `error: line 1: Cannot save "f@1.0.0": it already exists with different content`,
  );
  assertStringIncludes(err, "--run-id");
  assertEquals((await it.run("--run-id tuesday")).code, 0);
  assertEquals(await it.versions("f"), ["1.0.0", "2.0.0"]);
});

cliTest("an overwriting row overwrites once in a run", async (it) => {
  await it.succeeds("init --mutable");
  const stdin = `{"name":"a","value":1,"version":"1","onConflict":"overwrite"}\n`;
  const generation = async () => (await it.json("info a --json")).generation;
  await it.succeeds("save a - --version 1", { stdin: "before" });
  await it.succeeds("batch save -", { stdin });
  assertEquals(await generation(), 2);
  await it.succeeds("batch save -", { stdin });
  assertEquals(await generation(), 2);
});

Deno.test("invalid rows fail alone, with their position, and the others are saved", async () => {
  await using it = await world();
  const lines = [
    `{"name": "good", "value": 1}`,
    ``,
    `not json`,
    `[1]`,
    `{"value": 1}`,
    `{"name": "x"}`,
    `{"name": "x", "value": 1, "path": "y"}`,
    `{"name": "x", "valeu": 1}`,
    `{"name": "x", "path": "nowhere"}`,
    `{"name": "x", "value": 1, "compress": "lzma"}`,
    `{"name": "x", "value": 1, "version": "one"}`,
    `{"name": "x", "value": 12345678901234567890}`,
    `{"name": "x", "value": 1, "metadata": 5}`,
    `{"name": "good", "value": 2}`,
  ];
  await Deno.writeTextFile(it.root.join("in/m.jsonl"), lines.join("\r\n"));
  const { code, out, err } = await it.run();
  assertEquals(code, 1);
  assertMatch(out, /^Saved 2 of 13 rows \(11 failed\): 2 B in \d+s\n$/);
  assertStringIncludes(err, "More failures are not shown here: add --json");
  assertEquals(err.match(/^error: line/gm)?.length, 10);
  const failed = rowsOf((await it.run("--json")).out).filter(({ ok }) => !ok);
  assertEquals(failed.map(({ line }) => line), [3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  for (const { error } of failed) assert((error as Row).hint);
});

Deno.test("a manifest in CSV has quotes, commas and lines in cells, and JSON where values are", async () => {
  await using it = await world();
  const csv = [
    "\ufeffname,value,version,metadata",
    `a,"{""x"": ""1, 2""}",1,`,
    `b,"[1,\n2]",,"{""k"":1}"`,
    `c,1`,
    `d,oops,,`,
    ``,
    `"e, f",3,,`,
  ].join("\r\n");
  await Deno.writeTextFile(it.root.join("in/m.csv"), csv);
  const { code, err } = await holdfast("batch save in/m.csv", it);
  assertEquals(code, 1);
  assertMatch(err, /error: line 5: Cannot read a row: it has 2 cells for 4 columns/);
  assertMatch(err, /error: line 6: Cannot read a row: value is not JSON/);
  await using registry = await openRegistry(it.root.join(".holdfast"));
  assertEquals(
    [await registry.load("a@1"), await registry.load("b"), await registry.load("e, f")],
    [{ x: "1, 2" }, [1, 2], 3],
  );
  assertStringIncludes(
    (await holdfast("batch save in/m.csv", { cwd: it.cwd })).out,
    "(3 already done, 2 failed)",
  );
});

Deno.test("a manifest that cannot be read is wrong usage, and nothing is saved", async () => {
  await using it = await world({ name: "a", value: 1 });
  await Deno.writeTextFile(it.root.join("in/m.txt"), "");
  await Deno.writeTextFile(it.root.join("in/twice.csv"), "name,name\na,b\n");
  await Deno.writeTextFile(it.root.join("in/open.csv"), `name,value\na,"1\n`);
  const cases: [line: string, code: number, says: string][] = [
    ["nowhere.jsonl", 3, "no such file"],
    ["in", 2, "it is a folder"],
    ["in/m.txt", 2, "--format"],
    ["in/twice.csv", 2, `duplicate column "name"`],
    ["in/open.csv", 2, "Quote"],
    ["in/m.jsonl --concurrency 0", 2, "at least 1"],
  ];
  for (const [line, code, says] of cases) {
    const ran = await holdfast(`batch save ${line}`, { cwd: it.cwd });
    assertEquals(ran.code, code, `${line}: ${ran.err}`);
    assertStringIncludes(ran.err, says);
  }
  assertEquals(await succeeds("ls -q", { cwd: it.cwd }), "");
  assertEquals(await Deno.readTextFile(it.root.join("in/m.jsonl")), `{"name":"a","value":1}`);
});

Deno.test("--json prints a line for each row and the totals, --dry-run does nothing", async () => {
  await using it = await world(
    { name: "a", path: "none" },
    ...[1, 2, 3].map((value) => ({ name: "b", value })),
  );
  const dry = await it.run("--dry-run --json");
  assertEquals(dry.code, 1);
  assertEquals(JSON.parse(dry.out.trimEnd().split("\n").at(-1)!).summary, {
    rows: 4,
    done: 3,
    skipped: 0,
    failed: 1,
    bytes: 0,
    dryRun: true,
  });
  assertEquals(await succeeds("ls -q", { cwd: it.cwd }), "");
  assertEquals((await it.run("-q")).out, "");
  await it.write({ name: "b", value: 1, version: "1" }, { name: "b", value: 9, version: "2" }, {
    name: "@",
    value: 0,
  });
  const second = await it.run("--dry-run --json");
  const seen = second.out.trimEnd().split("\n").map((line) => JSON.parse(line)).filter((
    { index },
  ) => index !== undefined);
  const states = seen.sort((a, b) => a.index - b.index).map(({ ok, skipped, error }) =>
    ok ? skipped : error.code
  );
  assertEquals(states, [true, "Conflict", "Invalid"]);
});

Deno.test("large files go through workers, and nothing of them is left behind", async () => {
  await using it = await world(
    ...Array.from(
      { length: 6 },
      (_, k) => ({ name: `n${k}`, path: `f${k}.bin`, compress: "zstd" }),
    ),
  );
  for (let k = 0; k < 6; k++) await Deno.writeFile(it.root.join(`in/f${k}.bin`), noise(3_000_000));
  assertStringIncludes((await it.run()).out, "Saved 6 of 6 rows: 17.2 MiB");
  assertStringIncludes(await succeeds("verify", { cwd: it.cwd }), "No problems");
  assertStringIncludes((await it.run()).out, "(6 already done)");
});

Deno.test("Ctrl-C ends a batch with 130 and the totals; the same again saves the rest, and nothing twice", async () => {
  const COUNT = 400;
  await using it = await world(
    ...Array.from({ length: COUNT }, (_, k) => ({ name: `n${k % 7}`, path: `f${k % 5}` })),
  );
  for (let k = 0; k < 5; k++) await Deno.writeFile(it.root.join(`in/f${k}`), noise(400_000));
  const line = ["batch", "save", "in/m.jsonl"];
  const program = watchProcess(
    spawnDeno("apps/cli.ts", line, { cwd: it.cwd, permissions: ["-A"] }),
  );
  await program.until(async () => await succeeds("ls -q", { cwd: it.cwd }) !== "");
  const { code, stderr: err } = await program.stop("SIGINT");
  assertEquals(code, 130, err);
  const stopped = /Stopped\. Run the same command again for the rest\. Saved (\d+) of \d+ rows?: /;
  assertMatch(err, stopped);
  assert(Number(stopped.exec(err)![1]) < COUNT, err);
  assertStringIncludes((await it.run()).out, `of ${COUNT} rows`);
  let versions = 0;
  for (let k = 0; k < 7; k++) versions += (await it.versions(`n${k}`)).length;
  assertEquals(versions, COUNT);
});

Deno.test("the output of a dry run is not a manifest", async () => {
  await using it = await world({ name: "a", value: 1 });
  const { code, out: stdin } = await it.run("--json --dry-run");
  assertEquals(code, 0);
  assertStringIncludes(
    (await holdfast("batch load - --to out", { cwd: it.cwd, stdin })).err,
    "it is the output of a dry run",
  );
});

Deno.test("batch prints its progress: rows, failures and bytes, to the sums of its end", async () => {
  await using it = await world(
    { name: "a", path: "large" },
    { name: "b", path: "missing" },
    { name: "c", path: "large" },
  );
  await Deno.writeFile(it.root.join("in/large"), noise(300_000));
  let now = 0;
  const system = { ...realSystem, env: () => undefined, monotonic: () => now += 10_000 };
  const line = "batch save in/m.jsonl --concurrency 1";
  const { code, err } = await holdfast(line, { cwd: it.cwd, system });
  assertEquals(code, 1);
  const shown = Array.from(
    err.matchAll(/^.* {2}(\d)(?: of 3)? rows(?: {2}(\d) failed)?(?: {2}(\d+) KiB)?.*$/gm),
    ([, done, failed = "0", kib = "0"]) => [done, failed, kib].map(Number),
  );
  assertEquals(shown.filter(([done, failed, kib]) => done! < failed! || kib! > 586), [], err);
  const ends = shown.filter(([done], i) => done !== shown[i - 1]?.[0]);
  assertEquals(ends.slice(-3), [[1, 0, 293], [2, 1, 293], [3, 1, 586]], err);
});

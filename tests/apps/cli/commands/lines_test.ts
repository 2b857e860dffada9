// Lines and what they say, one after the other in one folder.
import { saveMany } from "../../../../registry/contract/many.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { type CliLine, cliTest, filledTest, noise } from "../../captured_io.ts";
import { walkFiles } from "../../walk_files.ts";

const WRONG: CliLine[] = [
  ["alias nosuch", 3, 'Cannot list aliases of "nosuch": no such name'],
  ["alias config nosuch --history", 3],
  ["alias config production --rollback", 3, "it never pointed to another version"],
  ["alias config --history", 2],
  ["alias config production 1 --rollback", 2],
  ["alias config production -d --history", 2],
  ["load config@x", 3, "no such alias"],
  ["cat note -o data", 2, 'error: Cannot write "data": it is a folder\nhint: Pass a file'],
  ["cat note -o nowhere/out", 3, 'Cannot write "nowhere/out": no such folder\nhint: '],
  ["info config@^7 --json", 3, '"code":"NotFound"'],
  ["versions config@1", 2, "Write: holdfast versions config. For one version: holdfast info"],
  ["batch save data/a.csv", 2, "heading"],
  ["batch save - --run-id=", 2],
  ["pipeline init data/a.csv/new", 3, "hint: Check the path"],
  ["ls --registry ftp://there/r", 2, "hint: "],
  ["mirror ./data .holdfast", 3, "the first one must be an existing registry"],
];

filledTest("wrong lines are refused with a code and a hint", async (it) => {
  await it.each(WRONG);
  assertEquals(
    (await Array.fromAsync(Deno.readDir(it.cwd), ({ name }) => name)).sort(),
    [".holdfast", "data"],
  );
});

filledTest("lines report what changed and what existed", async (it) => {
  await it.each([
    ["alias config production --delete", 0],
    ["alias config", 0, '"config" has no aliases'],
    ["save data:raw data --skip-if-unchanged", 0, "Kept data:raw@1.0.0"],
    ["save note - --version 1 --on-conflict skip", 0, "it already exists"],
    ["save a - --idempotency-key k", 0, "Saved a@1.0.0"],
    ["save a - --idempotency-key k", 0, "the idempotency key was used before"],
    ["save a - --skip-if-unchanged", 0, "Kept a@1.0.0 (1 B): unchanged\n"],
    ["save a - --input config@latest", 0, "Saved a@2.0.0"],
    ["save a - --input confg@1", 3, /its input "confg@1" was not found.*\n.*"config"/],
    ["save a - --input config@7", 3, 'its input "config@7" was not found: no such version'],
    ["prune --older-than 30d --dry-run", 0, "Ages use the clock of this machine"],
    ["init ./team", 0, /^Created .*\nNext: holdfast save NAME FILE --registry .\/team\n$/],
  ]);
});

cliTest("init names the flags that differ from what the registry was created with", async (it) => {
  const differs = (flag: string): CliLine => [
    `init ${flag}`,
    2,
    `hint: Omit ${flag.split(" ")[0]}`,
  ];
  await it.each([
    ["init", 0],
    differs("--mutable"),
    differs("--unversioned"),
    differs("--grace 48h"),
    differs("--locking file"),
    ["init --grace 24h --locking link", 0],
    ["init new --grace 5m", 2, "--grace 5m: it is less than an hour"],
  ]);
});

cliTest("download of an empty folder, and of times, reports what existed", async (it) => {
  await it.succeeds("init");
  await Deno.mkdir(it.root.join("nothing"));
  await it.each([
    ["save none nothing --allow-empty", 0],
    ["download none out --dry-run", 0, "add ./\nWould download none@1.0.0 to "],
    ["download none out", 0, /^Downloaded none@1\.0\.0 to .* \(0 files, 0 B\)\n$/],
    ["download none out", 0, "already"],
  ]);
  await Deno.writeTextFile(it.root.join("nothing/a"), "x");
  await it.succeeds("save timed nothing --preserve times");
  await it.succeeds("download timed there");
  await Deno.utime(it.root.join("there/a"), 1, 1);
  await it.tells("download timed there", ": 1 unchanged, 0 written, 1 time set (1 file, 1 B)\n");
});

filledTest("hints name the registry of the run", async (it) => {
  const env = { XDG_CONFIG_HOME: it.root.join("config") };
  await it.each([
    ["remote add team .holdfast", 0],
    ["init ./empty", 0],
    ["info none -r team", 3, "holdfast ls -r team\n"],
    ["info @team/none", 3, "holdfast ls -r @team\n"],
    ["info config@none -r ./.holdfast", 3, "holdfast alias -r ./.holdfast config, or holdfast ls"],
    ["cat @team", 2, "holdfast ls @team\n"], // it is named already
    ["info none", 3, "holdfast ls\n"],
    ["alias note -r team --bogus", 2, 'See "holdfast alias --help".\n'],
    ["info none -r team --json", 3, "holdfast ls -r team"],
    ["ls -r ./empty", 0, "holdfast save -r ./empty NAME FILE\n"],
  ], { env });
});

cliTest("a wrong location is reported, and nothing created", async (it) => {
  await Deno.mkdir(it.root.join("real"));
  await it.each([["init real/.holdfast", 0], ["init reg", 0]]);
  const isOne = `"${it.root.join("reg")}" is a registry: use --registry`;
  for (const cwd of [it.root.join("reg"), it.root.join("reg/settings")]) {
    await it.each([["ls", 3, isOne]], { cwd });
  }
  await it.each([
    ["ls -r real", 3, `Use the registry in "${it.root.join("real/.holdfast")}".`],
    ["mirror real s3://x", 3, "Use the registry in "],
    ["mirror nowhere s3://x", 3, "the first one must be an existing registry"],
  ]);
  const env = { HOLDFAST_REGISTRY: it.root.join("there") };
  await it.each([
    ["ls", 3, "(the location is named by HOLDFAST_REGISTRY in the environment)"],
    ["ls", 3, "Check the location, or create it"],
    ["init", 0, "the location is named by HOLDFAST_REGISTRY"],
    ["ls", 0],
  ], { env });
});

cliTest("--verbose shows the registry and stacks", async (it) => {
  await it.each([
    ["ls", 3, /^(?![^]*\n {4}at )/],
    ["ls --verbose", 3, "    at "],
    ["init", 0],
    ["ls -v", 0, `${it.root.join(".holdfast")}: the location is the nearest .holdfast in`],
  ]);
});

cliTest("info shows the digests of inputs that have one", async (it) => {
  const inputs = ["config@1", { ref: "raw@2", digest: "0123456789abcdef".repeat(4) }];
  await using registry = await openRegistry(it.root.join(".holdfast"));
  await registry.save("x", 1, { inputs: [{ ref: "config@1", digest: null }, inputs[1]!] });
  await it.tells("info x", "inputs   config@1, raw@2 (0123456789ab…)\n");
  assertEquals(JSON.parse(await it.succeeds("info x --json")).inputs, inputs);
});

cliTest("a listing has one heading and full lines", async (it) => {
  await using registry = await openRegistry(it.root.join(".holdfast"), { durability: "os" });
  await saveMany(registry, Array.from({ length: 130 }, (_, i) => ({ name: `n${i}`, value: i })));
  const name = `name-${"x".repeat(120)}`;
  await it.succeeds(`save ${name} -`);
  const lines = (await it.succeeds("ls")).trimEnd().split("\n");
  assertEquals([lines.length, lines.filter((line) => /^NAME/.test(line)).length], [132, 1]);
  const wide = { terminals: ["stdout" as const, "stderr" as const], columns: 0 };
  for (const line of ["ls", `versions ${name}`, `info ${name}`, "ls --help"]) {
    assert(!(await it.succeeds(line, wide)).includes("…"), line);
  }
  await it.tells("ls", name, wide);
});

filledTest("the output of batch load is a manifest", async (it) => {
  const manifest = "ref,to\nnote,out/note.txt\nconfig@1,out/config.json\n";
  await Deno.writeTextFile(it.root.join("m.csv"), manifest);
  const stdin = await it.succeeds("batch load m.csv --json");
  assertMatch(await it.succeeds("batch load - --to again", { stdin }), /^Wrote 2 of 2 rows/);
});

cliTest("gc lists waiting objects by time, hints once", async (it) => {
  await it.succeeds("init");
  for (const name of ["run-10", "run-2"]) {
    await it.each([[`save ${name} -`, 0], [`rm ${name} --all --yes`, 0]]);
  }
  const { err } = await it.holdfast("gc --verbose --dry-run");
  const times = err.match(/(?<=waits until )\S+ \S+(?=:)/g) ?? [];
  assert(times.length >= 2);
  assertEquals(times, times.toSorted());
  await it.succeeds("save big - --as bytes", { stdin: noise(200_000) });
  await it.succeeds("save other - --as bytes", { stdin: noise(200_000) });
  for await (const path of walkFiles(it.root.join(".holdfast/objects"))) await Deno.remove(path);
  const { out } = await it.holdfast("verify");
  assertEquals(out.match(/^hint: /gm)?.length, 1, out);
  assert(!out.includes('share: "none"'), out);
});

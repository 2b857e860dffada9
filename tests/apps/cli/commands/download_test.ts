import { saveOld } from "../../../registry/old_names.ts";
import { openRegistry } from "../../../../mod.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { cliTest, filesIn, filledTest } from "../../captured_io.ts";

filledTest("download writes a folder and a single file, and prints where", async (it) => {
  const said = await it.succeeds("download data:raw out");
  assertEquals(said, `Downloaded data:raw@1.0.0 to ${it.root.join("out")} (2 files, 6 B)\n`);
  assertEquals(await Deno.readTextFile(it.root.join("out/a.csv")), "1,2\n");
  assertEquals(await Deno.readTextFile(it.root.join("out/inner/b.bin")), "\u0000\u0001");
  await it.succeeds("save one data/a.csv");
  await it.prints("download one one.csv --quiet", `${it.root.join("one.csv")}\n`);
  assertEquals(await Deno.readTextFile(it.root.join("one.csv")), "1,2\n");
  const { path, files, version } = await it.json("download one@1 sub/ --json");
  assertEquals([files, version, path.startsWith(it.root.join("sub/"))], [1, "1.0.0", true]);
});

filledTest("download does not name a folder after one of its files", async (it) => {
  for (const path of ["a.csv", "./a.csv", "inner/b.bin"]) {
    const file = path.replace("./", "");
    await it.fails(["download", "data:raw", path], 2, `holdfast cat data:raw ${file} > `);
  }
  assertEquals(await filesIn(it.cwd), [".holdfast", "data"]);
  await it.succeeds("download data:raw a.csv/");
  await it.succeeds("download data:raw a.csv"); // a folder now
  assertEquals(await filesIn(it.root.join("a.csv")), ["a.csv", "inner"]);
  await it.succeeds("save one data/a.csv");
  await it.succeeds("download one b.csv");
});

filledTest("download replaces nothing without --overwrite", async (it) => {
  await Deno.mkdir(it.root.join("out"));
  await Deno.writeTextFile(it.root.join("out/a.csv"), "mine");
  await it.fails("download data:raw out", 4, "hint: ");
  assertEquals(await Deno.readTextFile(it.root.join("out/a.csv")), "mine");
  await it.succeeds("download data:raw out --overwrite");
  assertEquals(await Deno.readTextFile(it.root.join("out/a.csv")), "1,2\n");
});

filledTest("download names --overwrite only where it was not given", async (it) => {
  await Deno.writeTextFile(it.root.join("taken"), "mine");
  await it.fails("download data:raw taken", 4, "preview with --overwrite --dry-run");
  await it.fails("download data:raw taken --overwrite", 4, "or move away what is there");
});

cliTest("download of what is not there is exit code 3 and leaves nothing", async (it) => {
  await it.succeeds("init");
  await it.fails("download nothing out", 3);
  assertEquals(await filesIn(it.cwd), [".holdfast"]);
});

filledTest("download keeps equal files, --delete removes others", async (it) => {
  await it.succeeds("download data:raw");
  await it.prints(
    "download data:raw",
    `data:raw@1.0.0 is already in ${it.root.join("raw")} (2 files, 6 B)\n`,
  );
  await Deno.writeTextFile(it.root.join("raw/mine"), "mine");
  await Deno.remove(it.root.join("raw/a.csv"));
  await it.prints(
    "download data:raw raw --delete --dry-run",
    `add a.csv\nremove mine\n` +
      `Would download data:raw@1.0.0 to ${
        it.root.join("raw")
      }: 1 unchanged, 1 written, 1 deleted (2 files, 6 B)\n`,
  );
  const { changes, ...told } = await it.json("download data:raw --delete --dry-run --json");
  assertEquals([changes.length, told.left, told.written, told.deleted, told.dryRun], [
    2,
    1,
    1,
    1,
    true,
  ]);
  const { left, written, deleted } = await it.json("download data:raw --delete --json");
  assertEquals([left, written, deleted], [1, 1, 1]);
  await Deno.writeTextFile(it.root.join("raw/a.csv"), "1,3\n");
  await it.fails("download data:raw", 4, `1 file differs from the version ("a.csv")`);
  await using registry = await openRegistry(it.root.join(".holdfast"));
  await saveOld(registry, "a/..");
  await it.fails("download a/..", 2);
});

filledTest("download --include and --exclude select files", async (it) => {
  await Deno.mkdir(it.root.join("raw"));
  for (const name of ["old.csv", "old.txt"]) {
    await Deno.writeTextFile(it.root.join("raw", name), "old");
  }
  const said = await it.succeeds("download data:raw --include *.csv --delete --json");
  const { files, size, written, deleted } = JSON.parse(said);
  assertEquals([files, size, written, deleted], [1, 4, 1, 1]);
  assertEquals(await filesIn(it.root.join("raw")), ["a.csv", "old.txt"]);
  assertEquals((await it.json("download data:raw --exclude *.csv --json")).written, 1);
  assertEquals(await Deno.readTextFile(it.root.join("raw/inner/b.bin")), "\u0000\u0001");
  const none = await it.holdfast("download data:raw --include *.png");
  assertEquals(none.code, 3);
  assertStringIncludes(none.err, "the patterns select no file");
});

filledTest("an empty path is not the current folder", async (it) => {
  const before = await filesIn(it.cwd);
  await it.fails(["download", "data:raw", "", "--overwrite", "--delete"], 2, "empty");
  assertEquals(await filesIn(it.cwd), before);
});

filledTest("download --to takes several refs and patterns", async (it) => {
  await it.succeeds("save data:one data/a.csv");
  const said = await it.succeeds("download config@production data:* data:raw@1 note --to all");
  const places = ["config@2.0.0", "data:one@1.0.0", "data:raw@1.0.0", "note@1.0.0"].map((exact) =>
    `Downloaded ${exact}`
  );
  assertEquals(said.split("\n").map((line) => line.split(" to ")[0]), [...places, ""]);
  assertEquals(await Deno.readTextFile(it.root.join("all/one")), "1,2\n");
  assertEquals(await Deno.readTextFile(it.root.join("all/raw/a.csv")), "1,2\n");
  const again = await it.succeeds("download data:* --to all --json");
  assertEquals(again.trim().split("\n").map((line) => JSON.parse(line).name), [
    "data:one",
    "data:raw",
  ]);
  await it.succeeds("download data:*");
  assertEquals(await Deno.readTextFile(it.root.join("one")), "1,2\n");
});

filledTest("download finds all versions before it writes", async (it) => {
  await it.succeeds("copy note my:note");
  const bad: [line: string, code: number, says: string][] = [
    ["download config nothing --to all", 3, "nothing"],
    ["download config none:* --to all", 3, "no name matches"],
    ["download config note my:note --to all", 2, "both would become"],
    ["download config@1 config@2 --to all", 2, "both would become"],
    ["download config data:raw note", 2, "--to FOLDER"],
    ["download data:* all", 2, "--to FOLDER"],
  ];
  for (const [line, code, says] of bad) {
    const run = await it.holdfast(line);
    assertEquals(run.code, code, `${line}\n${run.err}`);
    assertStringIncludes(run.err, says, line);
  }
  const empty = await it.holdfast(["download", "config", "note", "--to", ""]);
  assertEquals(empty.code, 2, empty.err);
  assertEquals(await filesIn(it.cwd), [".holdfast", "data"]);
});

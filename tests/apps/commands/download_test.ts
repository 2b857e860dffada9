import { assertEquals, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../support/temp_root.ts";
import { fillRegistry, holdfast, succeeds } from "../captured_io.ts";

Deno.test("download writes a folder and a single file, and says where", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const said = await succeeds("download data:raw out", { cwd });
  assertEquals(said, `Downloaded data:raw@1.0.0 to ${root.join("out")} (2 files, 6 B)\n`);
  assertEquals(await Deno.readTextFile(root.join("out/a.csv")), "1,2\n");
  assertEquals(await Deno.readTextFile(root.join("out/inner/b.bin")), "\u0000\u0001");
  await succeeds("save one data/a.csv", { cwd });
  assertEquals(
    await succeeds("download one one.csv --quiet", { cwd }),
    `${root.join("one.csv")}\n`,
  );
  assertEquals(await Deno.readTextFile(root.join("one.csv")), "1,2\n");
  const { path, files, version } = JSON.parse(
    await succeeds("download one@1 sub/ --json", { cwd }),
  );
  assertEquals([files, version, path.startsWith(root.join("sub/"))], [1, "1.0.0", true]);
});

Deno.test("download replaces nothing without --overwrite", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await Deno.mkdir(root.join("out"));
  await Deno.writeTextFile(root.join("out/a.csv"), "mine");
  const refused = await holdfast("download data:raw out", { cwd });
  assertEquals(refused.code, 4);
  assertStringIncludes(refused.err, "hint: ");
  assertEquals(await Deno.readTextFile(root.join("out/a.csv")), "mine");
  await succeeds("download data:raw out --overwrite", { cwd });
  assertEquals(await Deno.readTextFile(root.join("out/a.csv")), "1,2\n");
});

Deno.test("download of what is not there is exit code 3 and leaves nothing", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  assertEquals((await holdfast("download nothing out", { cwd })).code, 3);
  assertEquals(await Array.fromAsync(Deno.readDir(cwd), ({ name }) => name), [".holdfast"]);
});

Deno.test("download says of an empty folder, and of times, what was done and what was there", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await Deno.mkdir(root.join("nothing"));
  await succeeds("save none nothing", { cwd });
  const none = `none@1.0.0 to ${root.join("out")} (0 files, 0 B)\n`;
  assertEquals(
    await succeeds("download none out --dry-run", { cwd }),
    `add ./\nWould download ${none}`,
  );
  assertEquals(await succeeds("download none out", { cwd }), `Downloaded ${none}`);
  assertStringIncludes(await succeeds("download none out", { cwd }), "already");
  await Deno.writeTextFile(root.join("nothing/a"), "x");
  await succeeds("save timed nothing --preserve times", { cwd });
  await succeeds("download timed there", { cwd });
  await Deno.utime(root.join("there/a"), 1, 1);
  const said = `Downloaded timed@1.0.0 to ${
    root.join("there")
  }: 1 left, 0 written, 1 time set (1 file, 1 B)\n`;
  assertEquals(await succeeds("download timed there", { cwd }), said);
});

Deno.test("download again leaves what is there, and --delete and --dry-run say what goes", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("download data:raw", { cwd });
  assertEquals(
    await succeeds("download data:raw", { cwd }),
    `data:raw@1.0.0 is in ${root.join("raw")} already (2 files, 6 B)\n`,
  );
  await Deno.writeTextFile(root.join("raw/mine"), "mine");
  await Deno.remove(root.join("raw/a.csv"));
  assertEquals(
    await succeeds("download data:raw raw --delete --dry-run", { cwd }),
    `add a.csv\nremove mine\n` +
      `Would download data:raw@1.0.0 to ${
        root.join("raw")
      }: 1 left, 1 written, 1 deleted (2 files, 6 B)\n`,
  );
  const { changes, ...told } = JSON.parse(
    await succeeds("download data:raw --delete --dry-run --json", { cwd }),
  );
  assertEquals([changes.length, told.left, told.written, told.deleted, told.dryRun], [
    2,
    1,
    1,
    1,
    true,
  ]);
  const { left, written, deleted } = JSON.parse(
    await succeeds("download data:raw --delete --json", { cwd }),
  );
  assertEquals([left, written, deleted], [1, 1, 1]);
  await Deno.writeTextFile(root.join("raw/a.csv"), "1,3\n");
  const { code, err } = await holdfast("download data:raw", { cwd });
  assertEquals(code, 4);
  assertStringIncludes(err, `1 file differs from the version ("a.csv")`);
  await succeeds("save a/.. - --as text", { cwd, stdin: "x" });
  assertEquals((await holdfast("download a/..", { cwd })).code, 2);
});

Deno.test("download takes only what patterns choose, and removes nothing else either", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await Deno.mkdir(root.join("raw"));
  for (const name of ["old.csv", "old.txt"]) {
    await Deno.writeTextFile(root.join("raw", name), "old");
  }
  const said = await succeeds("download data:raw --include *.csv --delete --json", { cwd });
  const { files, size, written, deleted } = JSON.parse(said);
  assertEquals([files, size, written, deleted], [1, 4, 1, 1]);
  assertEquals((await Array.fromAsync(Deno.readDir(root.join("raw")), ({ name }) => name)).sort(), [
    "a.csv",
    "old.txt",
  ]);
  assertEquals(
    JSON.parse(await succeeds("download data:raw --exclude *.csv --json", { cwd })).written,
    1,
  );
  assertEquals(await Deno.readTextFile(root.join("raw/inner/b.bin")), "\u0000\u0001");
  const none = await holdfast("download data:raw --include *.png", { cwd });
  assertEquals(none.code, 3);
  assertStringIncludes(none.err, "no file of it is chosen by the patterns");
});

Deno.test("an empty place is not the current folder: nothing there is written or removed", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  const before = (await Array.fromAsync(Deno.readDir(cwd), ({ name }) => name)).sort();
  const { code, err } = await holdfast(["download", "data:raw", "", "--overwrite", "--delete"], {
    cwd,
  });
  assertEquals(code, 2);
  assertStringIncludes(err, "empty");
  assertEquals((await Array.fromAsync(Deno.readDir(cwd), ({ name }) => name)).sort(), before);
});

Deno.test("download --to takes several refs and patterns, each under the last part of its name", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("save data:one data/a.csv", { cwd });
  const said = await succeeds("download config@production data:* data:raw@1 note --to all", {
    cwd,
  });
  const places = ["config@2.0.0", "data:one@1.0.0", "data:raw@1.0.0", "note@1.0.0"].map((exact) =>
    `Downloaded ${exact}`
  );
  assertEquals(said.split("\n").map((line) => line.split(" to ")[0]), [...places, ""]);
  assertEquals(await Deno.readTextFile(root.join("all/one")), "1,2\n");
  assertEquals(await Deno.readTextFile(root.join("all/raw/a.csv")), "1,2\n");
  const again = await succeeds("download data:* --to all --json", { cwd });
  assertEquals(again.trim().split("\n").map((line) => JSON.parse(line).name), [
    "data:one",
    "data:raw",
  ]);
  await succeeds("download data:*", { cwd });
  assertEquals(await Deno.readTextFile(root.join("one")), "1,2\n");
});

Deno.test("download of several finds all, and a place for each, before it writes anything", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("copy note my:note", { cwd });
  const bad: [line: string, code: number, says: string][] = [
    ["download config nothing --to all", 3, "nothing"],
    ["download config none:* --to all", 3, "matches no name"],
    ["download config note my:note --to all", 2, "both would become"],
    ["download config@1 config@2 --to all", 2, "both would become"],
    ["download config data:raw note", 2, "--to FOLDER"],
    ["download data:* all", 2, "--to FOLDER"],
  ];
  for (const [line, code, says] of bad) {
    const run = await holdfast(line, { cwd });
    assertEquals(run.code, code, `${line}\n${run.err}`);
    assertStringIncludes(run.err, says, line);
  }
  const empty = await holdfast(["download", "config", "note", "--to", ""], { cwd });
  assertEquals(empty.code, 2, empty.err);
  assertEquals((await Array.fromAsync(Deno.readDir(cwd), ({ name }) => name)).sort(), [
    ".holdfast",
    "data",
  ]);
});

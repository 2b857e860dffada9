import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

import { cliTest, filledTest, fillRegistry } from "../../../captured_io.ts";
import { IS_QUICK } from "../../../../support/seeds.ts";

filledTest("diff compares JSON by structure, and metadata", async (it) => {
  const { code, out } = await it.holdfast("diff config@1 config@2");
  assertEquals(code, 1);
  assertMatch(out, /^--- config@1\.0\.0 .*\n\+\+\+ config@2\.0\.0 /);
  assertStringIncludes(out, `metadata\n+ epochs: 3\n+ by: "ann"\n`);
  assertMatch(
    out,
    /files\n~ data\.json {2}\(\d+ B -> \d+ B\)\n {4}~ lr: 0\.1 -> 0\.2\n\n1 changed, 0 unchanged\n$/,
  );
  assertEquals((await it.holdfast("diff config")).out, out, "one ref: from the version before it");
  const same = await it.holdfast("diff config config@production");
  assertEquals([same.code, same.out], [
    0,
    "No difference between config@2.0.0 and config@2.0.0 (1 file)\n",
  ]);
});

cliTest("diff compares a folder on disk", async (it) => {
  await fillRegistry(it.cwd);
  await Deno.writeTextFile(it.root.join("data/a.csv"), "1,2\n3,4\n");
  await Deno.rename(it.root.join("data/inner/b.bin"), it.root.join("data/c.bin"));
  await Deno.writeTextFile(it.root.join("data/new.txt"), "new\x1b[2J\n");
  const { code, out } = await it.holdfast("diff data:raw ./data");
  assertEquals(code, 1);
  assertStringIncludes(
    out,
    "~ a.csv  (4 B -> 8 B)\n    rows: 1 added, 0 removed, 0 changed, by 1\n" +
      "    --- data:raw@1.0.0 a.csv\n    +++ ./data a.csv\n",
  );
  assertStringIncludes(out, "     1,2\n    +3,4\n");
  assertStringIncludes(out, "> inner/b.bin -> c.bin  (2 B)\n");
  assertStringIncludes(out, "    +new\\x1b[2J\n");
  assertStringIncludes(out, "+ inner  (an empty folder)\n"); // a version keeps empty folders
  assertStringIncludes(out, "2 added, 1 changed, 1 renamed, 0 unchanged\n");
  const unclear = await it.holdfast("diff data:raw data");
  assertEquals(unclear.code, 3);
  assertStringIncludes(unclear.err, "hint: For the file or folder of that name write ./data");
  const stat = (await it.holdfast("diff data:raw ./data --stat")).out;
  assertEquals(stat.includes("+3,4"), false);
  const json = JSON.parse((await it.holdfast("diff data:raw ./data --json")).out);
  assertEquals(json.files.map(({ path, change }: Record<string, string>) => [path, change]), [
    ["a.csv", "changed"],
    ["c.bin", "renamed"],
    ["inner", "added"],
    ["new.txt", "added"],
  ]);
  assertStringIncludes(json.files[0].text, "+3,4\n");
});

cliTest("diff compares the rows of tables, in any order, and says what it did not", async (it) => {
  await it.succeeds("init");
  const long = "x".repeat(2000); // 4.3 MB, too much for a comparison by line
  const rows = Array.from({ length: 2150 }, (_, i) => `${i},${(i * 37) % 1001},${long}`);
  const others = rows.toReversed().with(10, `2139,-1,${long}`).with(20, "10000,0,");
  for (const [i, each] of [rows, rows.toReversed(), others].entries()) {
    await Deno.mkdir(it.root.join(`v${i}`));
    await Deno.writeTextFile(it.root.join(`v${i}/t.csv`), `id,value,note\n${each.join("\n")}\n`);
    await Deno.writeFile(it.root.join(`v${i}/x.bin`), new Uint8Array([i, 0]));
    await it.succeeds(["save", "t", `v${i}`]);
  }
  const { out } = await it.holdfast("diff t@1 t@2");
  assertStringIncludes(out, "rows: 0 added, 0 removed, 0 changed, by id; perhaps in another order");
  assertStringIncludes(out, "content not compared: binary");
  const changes = JSON.parse((await it.holdfast("diff t@1 t@3 --json")).out);
  const { added, removed, changed, key } = changes.files[0].rows;
  assertEquals([added, removed, changed, key], [1, 1, 1, "id"]);
  const text = (await it.holdfast("diff t@2 t@3")).out;
  assertStringIncludes(text, "    ~ 2139: value 64 -> -1\n");
  assertStringIncludes(text, "    + 10000: id 10000, value 0, note \n");
}, { ignore: IS_QUICK });

cliTest("diff compares CSV that is not a table by line, and the other files too", async (it) => {
  await it.succeeds("init");
  for (const version of [1, 2]) {
    await Deno.mkdir(it.root.join(`v${version}`));
    await Deno.writeTextFile(it.root.join(`v${version}/names.csv`), `a,a\n1,${version}\n`);
    await Deno.writeTextFile(it.root.join(`v${version}/rows.csv`), `a,b\n1,2,3\n4,${version}\n`);
    await it.succeeds(["save", "t", `v${version}`]);
  }
  const { code, out } = await it.holdfast("diff t@1 t@2");
  assertEquals(code, 1);
  for (const line of ["    -1,1\n    +1,2\n", "    -4,1\n    +4,2\n"]) {
    assertStringIncludes(out, line);
  }
});

filledTest("diff needs two existing sides", async (it) => {
  await it.fails(
    "diff note",
    3,
    "Cannot compare note@1.0.0 with the version before it: there is no earlier version",
  );
  await it.fails("diff note nosuch", 3);
  await it.fails("diff note ./nosuch", 3);
  await it.prints("diff config@1 config@1 -q", "");
});

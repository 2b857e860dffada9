import { assertEquals, assertStringIncludes } from "@std/assert";
import { keyFile } from "../../../backends/local/key_file.ts";
import { filledTest } from "../../captured_io.ts";

filledTest("alias sets, shows and deletes", async (it) => {
  await it.prints("alias config canary 1", "config@canary is 1.0.0\n");
  await it.prints("alias config canary", "1.0.0\n");
  const lines = (await it.succeeds("alias config")).trimEnd().split("\n");
  assertEquals(lines.sort(), ["ALIAS       VERSION", "canary      1.0.0", "production  2.0.0"]);
  await it.prints("load config@canary --json", `{"lr":0.1}\n`);
  await it.prints("alias config canary --delete", "Deleted config@canary\n");
  await it.fails("alias config canary", 3);
  await it.fails("alias config canary -d", 3);
});

filledTest("alias shows, sets and deletes an alias beside one that is damaged", async (it) => {
  await it.succeeds("alias config canary 1");
  await Deno.truncate(
    keyFile(it.root.join(".holdfast"), "names/config/aliases/production/9007199254740990.rec"),
    40,
  );
  await it.fails("alias config", 5);
  await it.fails("alias config production", 5);
  await it.prints("alias config canary", "1.0.0\n");
  await it.prints("alias config canary 2", "config@canary is 2.0.0\n");
  await it.prints("alias config canary --delete", "Deleted config@canary\n");
  await it.fails("alias config canary", 3);
  await it.prints("alias config production 1", "config@production is 1.0.0\n");
  await it.prints("alias config production", "1.0.0\n");
});

filledTest("alias --expected changes only what it expects", async (it) => {
  await it.fails("alias config production 1 --expected 1", 4);
  await it.succeeds("alias config production 1 --expected 2.0.0");
  await it.fails("alias config production 1 --expected none", 4);
  await it.succeeds("alias config fresh 1 --expected none");
});

filledTest("alias refuses invalid combinations", async (it) => {
  const bad: [line: string, code: number][] = [
    ["alias config --delete", 2],
    ["alias config production 1 --delete", 2],
    ["alias * production 1", 3],
    ["alias config production --expected 1", 2],
    ["alias config 2.0 1", 2],
    ["alias config latest 1", 2],
    ["alias config canary 9", 3],
  ];
  for (const [line, expected] of bad) {
    const { code, err } = await it.holdfast(line);
    assertEquals(code, expected, `${line}: ${err}`);
  }
  const none = await it.holdfast("alias note");
  assertEquals([none.code, none.out], [0, ""]);
  assertStringIncludes(none.err, "has no aliases");
});

filledTest("an alias of a deleted version is marked", async (it) => {
  await it.succeeds("alias config canary 1");
  await it.succeeds("rm config@production --yes --force");
  const lines = (await it.succeeds("alias config")).trimEnd().split("\n");
  assertEquals(lines.slice(1).sort(), ["canary      1.0.0", "production  2.0.0 (deleted)"]);
  const json = await it.jsonLines("alias config --json");
  assertEquals(json.map(({ alias, deleted }) => [alias, deleted]).sort(), [["canary", false], [
    "production",
    true,
  ]]);
  const one = await it.holdfast("alias config production");
  assertEquals([one.code, one.out, one.err], [0, "2.0.0\n", `"config@2.0.0" is deleted\n`]);
});

import { assertEquals } from "@std/assert";
import { filledTest } from "../../../captured_io.ts";

filledTest("log lists versions, aliases and deletions, newest first", async (it) => {
  await it.succeeds("alias config canary 1");
  await it.succeeds("alias config canary --delete");
  await it.succeeds("rm config@1 --yes");
  const out = await it.succeeds("log config");
  assertEquals(out.trimEnd().split("\n").map((line) => line.replace(/^(TIME|[\d: -]*\d) +/, "")), [
    "WHAT",
    "deleted 1.0.0",
    "alias canary removed",
    "alias canary set to 1.0.0",
    "alias production set to 2.0.0",
    "saved 2.0.0 (10 B)",
    "saved 1.0.0",
  ]);
  const newest = await it.jsonLines("log config --limit 2 --json");
  assertEquals(newest.map(({ event, version, alias }) => [event, version, alias]), [
    ["deleted", "1.0.0", undefined],
    ["unaliased", undefined, "canary"],
  ]);
});

filledTest("log needs a name with a history", async (it) => {
  await it.succeeds("rm note --all --yes");
  await it.tells("log note", "deleted 1.0.0");
  await it.fails("log nosuch", 3);
  await it.fails("log config@1", 2);
});

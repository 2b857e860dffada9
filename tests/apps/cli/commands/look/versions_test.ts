import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { damageRecords } from "../../../damage_records.ts";
import { filledTest } from "../../../captured_io.ts";

filledTest("versions lists newest first, with aliases, in a range, up to a limit", async (it) => {
  await it.succeeds("save config - --version 2.1.0-rc.1+b7");
  const lines = (await it.succeeds("versions config")).trimEnd().split("\n");
  assertMatch(lines[0], /^VERSION +SIZE {2}SAVED +DIGEST +ALIASES$/);
  assertEquals(lines.slice(1).map((line) => line.split(" ")[0]), [
    "2.1.0-rc.1",
    "2.0.0",
    "1.0.0",
  ]);
  assertMatch(lines[2], / production$/);
  await it.prints("versions config -q --range ^1", "1.0.0\n");
  await it.prints(["versions", "config", "-q", "--range", ">=1 <2"], "1.0.0\n");
  const [first] = (await it.succeeds("versions config --json --limit 1 --range 2")).split("\n");
  assertEquals(JSON.parse(first).aliases, ["production"]);
});

filledTest("versions of no such name is exit code 3, an empty range is not", async (it) => {
  await it.fails("versions nothing", 3);
  const none = await it.holdfast("versions config --range ^7");
  assertEquals([none.code, none.out], [0, ""]);
  assertStringIncludes(none.err, "matches");
  await it.fails("versions config --range nonsense!", 2);
});

filledTest("versions marks damaged records and exits with 5", async (it) => {
  await damageRecords(it.root.join(".holdfast"), "config");
  await it.succeeds("save config - --as json", { stdin: "3" });
  const { code, out, err } = await it.holdfast("versions config");
  assertEquals(code, 5, err);
  const [, third, second, first] = out.split("\n");
  assertMatch(third, /^3\.0\.0 +\d+ B /);
  assertMatch(second, /^2\.0\.0 +corrupt +production$/);
  assertMatch(first, /^1\.0\.0 +corrupt$/);
  const lines = (await it.holdfast("versions config --json")).out.trimEnd().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line).error?.code), [
    undefined,
    "Corrupt",
    "Corrupt",
  ]);
});

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { damageRecords } from "../../damage_records.ts";
import { fillRegistry, holdfast, succeeds } from "../../captured_io.ts";

Deno.test("versions lists newest first, with aliases, in a range, up to a limit", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("save config - --version 2.1.0-rc.1+b7", { cwd });
  const lines = (await succeeds("versions config", { cwd })).trimEnd().split("\n");
  assertMatch(lines[0], /^VERSION +SIZE {2}SAVED +DIGEST +ALIASES$/);
  assertEquals(lines.slice(1).map((line) => line.split(" ")[0]), [
    "2.1.0-rc.1+b7",
    "2.0.0",
    "1.0.0",
  ]);
  assertMatch(lines[2], / production$/);
  assertEquals(await succeeds("versions config -q --range ^1", { cwd }), "1.0.0\n");
  assertEquals(
    await succeeds(["versions", "config", "-q", "--range", ">=1 <2"], { cwd }),
    "1.0.0\n",
  );
  const [first] = (await succeeds("versions config --json --limit 1 --range 2", { cwd })).split(
    "\n",
  );
  assertEquals(JSON.parse(first).aliases, ["production"]);
});

Deno.test("versions of no such name is exit code 3, an empty range is not", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  assertEquals((await holdfast("versions nothing", { cwd })).code, 3);
  const none = await holdfast("versions config --range ^7", { cwd });
  assertEquals([none.code, none.out], [0, ""]);
  assertStringIncludes(none.err, "in this range");
  assertEquals((await holdfast("versions config --range nonsense!", { cwd })).code, 2);
});

Deno.test("versions goes on past a damaged record, marks its row, and ends with 5", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await damageRecords(root.join(".holdfast"), "config");
  await succeeds("save config - --as json", { cwd, stdin: "3" });
  const { code, out, err } = await holdfast("versions config", { cwd });
  assertEquals(code, 5, err);
  const [, third, second, first] = out.split("\n");
  assertMatch(third, /^3\.0\.0 +\d+ B /);
  assertMatch(second, /^2\.0\.0 +corrupt +production$/);
  assertMatch(first, /^1\.0\.0 +corrupt$/);
  const lines = (await holdfast("versions config --json", { cwd })).out.trimEnd().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line).error?.code), [
    undefined,
    "Corrupt",
    "Corrupt",
  ]);
});

Deno.test("versions of a ref says to write the name", async () => {
  await using root = await tempRoot();
  await fillRegistry(root.path);
  const { code, err } = await holdfast("versions config@1", { cwd: root.path });
  assertEquals(code, 2);
  assertStringIncludes(
    err,
    "hint: Write: holdfast versions config. For one version: holdfast info config@1\n",
  );
});

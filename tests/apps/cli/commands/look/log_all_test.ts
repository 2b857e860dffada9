import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cliTest } from "../../../captured_io.ts";

cliTest("log --all shows the changes of all names, and who made them", async (it) => {
  await Deno.writeTextFile(it.root.join("a.json"), "{}");
  const env = { HOLDFAST_BY: "alice" };
  const at = { cwd: it.root.path, env };
  await it.succeeds("init", at);
  await it.succeeds("save one a.json --alias production", at);
  await it.succeeds("save two a.json", at);
  await it.succeeds("rm two@1.0.0 --yes", { ...at, env: { HOLDFAST_BY: "bob" } });
  const table = await it.succeeds("log --all", at);
  assertMatch(table, /^TIME +NAME +WHAT +BY\n/);
  assertMatch(table, /two +deleted 1\.0\.0 +bob\n/);
  assertMatch(table, /one +alias production set to 1\.0\.0 +alice\n/);
  const deleted = await it.json("log --all --event deleted --json", at);
  assertEquals([deleted.name, deleted.by], ["two", { name: "bob" }]);
  const none = await it.holdfast("log --all --since 2999-01-01", at);
  assertStringIncludes(none.err, "No changes match");
});

cliTest("log tells which of a name, --all and its options go together", async (it) => {
  const at = { cwd: it.root.path };
  await it.succeeds("init", at);
  await it.fails("log", 2, "--all", at);
  await it.fails("log one --all", 2, "Pass one of them", at);
  await it.fails("log one --since 7d", 2, "Add --all", at);
  await it.fails("log --all --event moved", 2, "One of saved", at);
});

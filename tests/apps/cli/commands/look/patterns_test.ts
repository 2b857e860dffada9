import { assertEquals, assertStringIncludes } from "@std/assert";
import { cliTest, fillRegistry, succeeds } from "../../../captured_io.ts";

async function fill(cwd: string): Promise<void> {
  await fillRegistry(cwd);
  for (const name of ["tmp:a", "tmp:b", "tmp:c/d", "tmp:a"]) {
    await succeeds(["save", name, "-", "--as", "text"], { cwd });
  }
}

cliTest("rm takes patterns and several refs, and names all of them before it asks", async (it) => {
  await fill(it.cwd);
  const asked = await it.holdfast(["rm", "tmp:*", "note", "--all"], {
    stdin: "n\n",
    terminals: ["stdin", "stderr"],
  });
  assertEquals(asked.code, 1);
  assertStringIncludes(
    asked.err,
    "all of tmp:a (2 versions)\nall of tmp:b (1 version)\nall of note (1 version)\n",
  );
  assertStringIncludes(asked.err, "Delete these 3? [y/N] Nothing was deleted");
  const out = await it.succeeds(["rm", "tmp:*", "note", "--all", "--yes"]);
  assertEquals(
    out,
    "Deleted tmp:a (2 versions)\nDeleted tmp:b (1 version)\nDeleted note (1 version)\n",
  );
  await it.prints("ls -q", "config\ndata:raw\ntmp:c/d\n");
  const json = await it.succeeds(["rm", "config@1", "tmp:*/*@1", "config@1.0", "--yes", "--json"]);
  assertEquals(JSON.parse(json).deleted, [{ name: "config", version: "1.0.0" }, {
    name: "tmp:c/d",
    version: "1.0.0",
  }]);
});

cliTest("rm of several deletes nothing where one of them is not there", async (it) => {
  await fill(it.cwd);
  for (
    const [words, code] of [
      [["note@1", "nosuch@1"], 3],
      [["note@1", "no*@9"], 3],
      [["note", "no such*", "--all"], 3],
      [["note@1", "tmp:*"], 2],
      [["tmp:*@1", "--all"], 2],
      [["note@1", "tmp:*@^1"], 2],
    ] as const
  ) {
    await it.fails(["rm", ...words, "--yes"], code);
  }
  assertEquals((await it.succeeds("ls -q")).split("\n").length - 1, 6);
});

cliTest("a name that looks like a pattern means itself, and verify takes patterns", async (it) => {
  await fill(it.cwd);
  await it.succeeds(["save", "tmp:[a]", "-", "--as", "text"]);
  await it.prints(["rm", "tmp:[a]", "--all", "--yes"], "Deleted tmp:[a] (1 version)\n");
  await it.tells(["verify", "tmp:{a,b}", "note"], "No problems: 4 versions");
  await it.fails(["verify", "nosuch*"], 3);
});

cliTest("ls and du show the names that match a pattern", async (it) => {
  await fill(it.cwd);
  await it.prints(["ls", "tmp:*", "-q"], "tmp:a\ntmp:b\n");
  await it.prints(["ls", "tmp:**/*", "-q"], "tmp:c/d\n");
  await it.prints(["ls", "{note,*:a}", "--limit", "1", "-q"], "note\n");
  const rows = await it.jsonLines(["ls", "*:[ab]", "--json", "--limit", "1"]);
  assertEquals(rows.map(({ name }) => name), ["tmp:a"]);
  const { names } = await it.json(["du", "*:{raw,b}", "--json"]);
  assertEquals(names.map(({ name }: { name: string }) => name), ["data:raw", "tmp:b"]);
  const none = await it.holdfast("ls nosuch*");
  assertEquals(none.code, 0);
  assertStringIncludes(none.err, 'No name matches "nosuch*"');
  await it.fails("du nosuch*", 3, "no name matches");
  await it.succeeds(["save", "tmp:[a]x", "-"]);
  await it.succeeds(["save", "tmp:[a]", "-"]);
  await it.prints(["ls", "tmp:[a]", "-q"], "tmp:[a]\ntmp:[a]x\n");
});

cliTest("prune and mirror take patterns", async (it) => {
  await fill(it.cwd);
  await it.prints(["prune", "tmp:*", "--keep-last", "1", "--yes"], "tmp:a@1.0.0\n");
  await it.fails(["prune", "nosuch*", "--keep-last", "1", "--yes"], 3, "no name matches");
  await it.succeeds(["mirror", ".holdfast", "copy", "tmp:*", "note", "--create"]);
  await it.prints("ls -q -r copy", "note\ntmp:a\ntmp:b\n");
});

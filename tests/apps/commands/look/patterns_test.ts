import { assertEquals, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { fillRegistry, holdfast, succeeds } from "../../captured_io.ts";

async function fill(cwd: string): Promise<void> {
  await fillRegistry(cwd);
  for (const name of ["tmp:a", "tmp:b", "tmp:c/d", "tmp:a"]) {
    await succeeds(["save", name, "-", "--as", "text"], { cwd });
  }
}

Deno.test("rm takes patterns and several refs, and names all of them before it asks", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fill(cwd);
  const asked = await holdfast(["rm", "tmp:*", "note", "--all"], {
    cwd,
    stdin: "n\n",
    terminals: ["stdin", "stderr"],
  });
  assertEquals(asked.code, 1);
  assertStringIncludes(
    asked.err,
    "all of tmp:a (2 versions)\nall of tmp:b (1 version)\nall of note (1 version)\n",
  );
  assertStringIncludes(asked.err, "Delete these 3? [y/N] Nothing was deleted");
  const out = await succeeds(["rm", "tmp:*", "note", "--all", "--yes"], { cwd });
  assertEquals(
    out,
    "Deleted tmp:a (2 versions)\nDeleted tmp:b (1 version)\nDeleted note (1 version)\n",
  );
  assertEquals(
    await succeeds("ls -q", { cwd }),
    "config\ndata:raw\ntmp:c/d\n",
    "* does not stand for /",
  );
  const json = await succeeds(["rm", "config@1", "tmp:*/*@1", "config@1.0", "--yes", "--json"], {
    cwd,
  });
  assertEquals(JSON.parse(json).deleted, [{ name: "config", version: "1.0.0" }, {
    name: "tmp:c/d",
    version: "1.0.0",
  }]);
});

Deno.test("rm of several deletes nothing where one of them is not there", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fill(cwd);
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
    assertEquals((await holdfast(["rm", ...words, "--yes"], { cwd })).code, code, words.join(" "));
  }
  assertEquals((await succeeds("ls -q", { cwd })).split("\n").length - 1, 6);
});

Deno.test("a name that looks like a pattern means itself, and verify takes patterns", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fill(cwd);
  await succeeds(["save", "tmp:[a]", "-", "--as", "text"], { cwd });
  assertEquals(
    await succeeds(["rm", "tmp:[a]", "--all", "--yes"], { cwd }),
    "Deleted tmp:[a] (1 version)\n",
  );
  assertStringIncludes(
    await succeeds(["verify", "tmp:{a,b}", "note"], { cwd }),
    "All is well: 4 versions",
  );
  assertEquals((await holdfast(["verify", "nosuch*"], { cwd })).code, 3);
});

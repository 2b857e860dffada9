import { assertEquals, assertStringIncludes } from "@std/assert";
import { damageRecords } from "../damage_records.ts";
import { cliTest, filledTest } from "../captured_io.ts";

const ASKING = ["stdin", "stderr"] as ("stdin" | "stderr")[];

filledTest("rm asks on a terminal and deletes only on yes", async (it) => {
  const no = await it.holdfast("rm config@1", { terminals: ASKING, stdin: "\n" });
  assertEquals(no.code, 1);
  assertStringIncludes(no.err, "Delete config@1.0.0 (");
  assertStringIncludes(no.err, "[y/N] Nothing was deleted");
  const yes = await it.holdfast("rm config@1", { terminals: ASKING, stdin: "y\n" });
  assertEquals([yes.code, yes.out], [0, "Deleted config@1.0.0\n"]);
  assertEquals(await it.succeeds("versions config -q"), "2.0.0\n");
});

filledTest("rm without a terminal needs --yes", async (it) => {
  const refused = await it.holdfast("rm note@1", { stdin: "y\n" });
  assertEquals(refused.code, 2);
  assertStringIncludes(refused.err, "hint: In scripts pass --yes.");
  assertEquals(
    await it.succeeds("rm note@1 --yes --json"),
    `{"deleted":[{"name":"note","version":"1.0.0"}]}\n`,
  );
  assertEquals((await it.holdfast("load note")).code, 3);
});

filledTest("rm of a bare name needs --all, and says how many versions go", async (it) => {
  const bare = await it.holdfast("rm note --yes");
  assertEquals(bare.code, 2);
  assertStringIncludes(bare.err, "hint: Write note@VERSION, or add --all");
  assertEquals((await it.holdfast("rm config --all --yes")).code, 4, "an alias names one");
  assertEquals(await it.succeeds("rm config --all --yes --force"), "Deleted config (2 versions)\n");
  assertEquals(await it.succeeds("ls -q"), "data:raw\nnote\n");
});

filledTest("rm of a version that an alias names needs --force", async (it) => {
  const refused = await it.holdfast("rm config@production --yes");
  assertEquals(refused.code, 4, refused.err);
  assertStringIncludes(refused.err, "hint: ");
  assertEquals(await it.succeeds("rm config@production --yes -f"), "Deleted config@2.0.0\n");
});

filledTest("rm refuses ranges, --all with a version, and what is not there", async (it) => {
  const bad: [line: string, code: number][] = [["config@^1", 2], ["config@1 --all", 2], [
    "nothing --all",
    3,
  ], ["note@7", 3]];
  for (const [line, expected] of bad) {
    const { code, err } = await it.holdfast(`rm ${line} --yes`);
    assertEquals(code, expected, `${line}: ${err}`);
  }
});

cliTest("rm takes a bare name where names have no versions", async (it) => {
  await it.succeeds("init --unversioned");
  await it.succeeds("save a -");
  await it.succeeds("rm a --yes");
  assertEquals((await it.holdfast("load a")).code, 3);
});

filledTest(
  "rm of a damaged version says that it takes --force, and then deletes it",
  async (it) => {
    await damageRecords(it.root.join(".holdfast"), "config");
    const refused = await it.holdfast("rm config@1 --yes");
    assertEquals(refused.code, 5);
    assertStringIncludes(
      refused.err,
      "hint: Delete it as it is: holdfast rm config@1.0.0 --force\n",
    );
    const asked = await it.holdfast("rm config@1 --force", { terminals: ASKING, stdin: "y\n" });
    assertEquals([asked.code, asked.out], [0, "Deleted config@1.0.0\n"]);
    assertStringIncludes(asked.err, "Delete config@1.0.0 (damaged: it cannot be read)? [y/N]");
    assertEquals(await it.succeeds("rm config@production --force --yes"), "Deleted config@2.0.0\n");
    assertEquals(await it.succeeds("ls -q"), "data:raw\nnote\n");
  },
);

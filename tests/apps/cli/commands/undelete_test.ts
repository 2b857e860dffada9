import { assertEquals, assertStringIncludes } from "@std/assert";
import { filledTest } from "../../captured_io.ts";

filledTest("undelete restores a version that rm deleted", async (it) => {
  await it.prints("rm note@1 config@1 --yes -q", "");
  const { out } = await it.holdfast("versions note --deleted");
  assertStringIncludes(out, "KEPT UNTIL");
  assertStringIncludes(out, "1.0.0");
  const { restored } = JSON.parse((await it.holdfast("undelete note@1 config@1 --json")).out);
  assertEquals(restored, [
    { name: "note", version: "1.0.0" },
    { name: "config", version: "1.0.0" },
  ]);
  await it.prints("versions config -q", "2.0.0\n1.0.0\n");
  await it.prints("versions note --deleted -q", "");
});

filledTest("a version that was deleted by mistake is found again", async (it) => {
  await it.prints("rm note@1 --yes -q", "");
  const restore = "Restore it while its files are there: holdfast undelete note@1.0.0";
  await it.fails("info note@1", 3, restore);
  await it.fails("load note@1", 3, restore);
  const list = "See what can be restored: holdfast versions note --deleted";
  await it.fails("versions note", 3, list);
  await it.fails("log nothing", 3, "See what exists");
});

filledTest("undelete says what can be restored instead", async (it) => {
  await it.fails("undelete note", 2, "hint: Pick one: holdfast versions note --deleted");
  await it.fails("undelete note@^1", 2, "hint: Name one of them: holdfast versions note --deleted");
  await it.fails("undelete note@1", 4, "it is not deleted");
  await it.fails("undelete note@9", 3, "hint: See what can be restored");
  await it.fails("versions note --deleted --sort size", 2, "takes only --range and --limit");
});

filledTest(
  "of several versions, one that cannot be restored does not stop the others",
  async (it) => {
    await it.prints("rm note@1 config@1 --yes -q", "");
    const run = await it.holdfast("undelete config@2 note@1 nothing@1 config@1 --json");
    assertEquals(run.code, 4, "of the first failure");
    const { restored } = JSON.parse(run.out);
    assertEquals(
      restored.map(({ name, version }: { name: string; version: string }) => `${name}@${version}`),
      ["note@1.0.0", "config@1.0.0"],
    );
    assertStringIncludes(run.err, "it is not deleted");
    assertStringIncludes(run.err, "nothing@1");
    await it.prints("versions config -q", "2.0.0\n1.0.0\n");
  },
);

filledTest("prune keeps a restored version for the grace period, and says so", async (it) => {
  await it.prints("rm config@1 --yes -q", "");
  await it.succeeds("undelete config@1 -q");
  const run = await it.holdfast("prune config --keep-last 1 --yes");
  assertStringIncludes(run.err, "Kept 1 restored version for the grace period");
  await it.prints("versions config -q", "2.0.0\n1.0.0\n");
});

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

filledTest("undelete says what can be restored instead", async (it) => {
  await it.fails("undelete note", 2, "hint: Pick one: holdfast versions note --deleted");
  await it.fails("undelete note@^1", 2, "hint: Name one of them: holdfast versions note --deleted");
  await it.fails("undelete note@1", 4, "it is not deleted");
  await it.fails("undelete note@9", 3, "hint: See what can be restored");
  await it.fails("versions note --deleted --sort size", 2, "takes only --range and --limit");
});

import { assertEquals } from "@std/assert";
import { filledTest, succeeds } from "../../captured_io.ts";

/** Everything that the registry in a folder holds, as the command line tells it. */
async function state(cwd: string): Promise<string> {
  return await succeeds("ls --long --json", { cwd }) +
    await succeeds("versions config --json", { cwd });
}

filledTest("dry runs show changes and make none", async (it) => {
  const before = await state(it.cwd);
  const says = async (line: string, said: string, stdin?: string) =>
    await it.tells(`${line} --dry-run`, said, { stdin });
  await it.succeeds("save same - --as json", { stdin: "7" });
  await says("save same - --as json", "the latest version 1.0.0 has the same content", "7");
  await says("save same - --as json", "the latest version 1.0.0 has other content", "8");
  await says("save new - --as json", "Would save new: a new name", "8");
  await says("save same@1 - --as json", "that version already exists", "8");
  await says("copy config other", "Would copy config@2.0.0 to other (");
  await says("copy config same@1", ", which already exists");
  await says("rm config@1", "Would delete config@1.0.0 (");
  await it.succeeds("rm same --all --yes");
  assertEquals(await state(it.cwd), before);
});

filledTest("a dry run refuses what the run would refuse", async (it) => {
  const lines = {
    "rm nothing@1": 3,
    "copy nothing a": 3,
  };
  for (const [line, code] of Object.entries(lines)) {
    await it.fails(`${line} --dry-run`, code);
  }
});

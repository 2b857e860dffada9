// Wrong lines of users of other tools: each answer names the command or the option that they mean.
import { assert, assertEquals } from "@std/assert";
import { filledTest } from "../../captured_io.ts";
import { MEANT } from "./meant_lines.ts";

filledTest("the answer to a wrong line names what does it here", async (it) => {
  await Deno.writeTextFile(it.root.join("m.bin"), "1");
  const elsewhere: string[] = [];
  for (const [typed, named] of MEANT) {
    const words = typed.match(/'[^']*'|\S+/g)!.map((word) => word.replace(/^'(.*)'$/, "$1"));
    const { code, err } = await it.holdfast(words);
    assert(code !== 0, typed);
    if (!err.includes(named)) elsewhere.push(`${typed}: not ${named}, but ${err}`);
  }
  assertEquals(elsewhere, []);
});

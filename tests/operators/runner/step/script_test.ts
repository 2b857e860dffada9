// Scripts of steps end at the first failure, wherever it is.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { definePipeline } from "../../../../operators/config/mod.ts";
import { runPipeline } from "../../../../operators/runner/mod.ts";
import { testInWorld, textOf, type World } from "../world.ts";

const runScript = async (here: World, script: string) => {
  const pipeline = definePipeline({
    operators: [{ operator_id: "write", script, outputs: { text: "registry:data" } }],
  });
  return (await runPipeline(pipeline, here)).steps.write!;
};

const FAILING: Record<string, string> = {
  "a command": "echo half; false; echo rest",
  "a command before a pipe": "(echo half; exit 3) | cat",
  "the second of three commands": "echo half | (cat; exit 3) | cat",
  "a command before a pipe in a condition's branch": "if true; then (echo half; exit 3) | cat; fi",
  "a program that is missing": "no-such-program | cat",
};

testInWorld("a step fails if any command of its script does, and saves nothing", async (here) => {
  for (const [name, script] of Object.entries(FAILING)) {
    const { end } = await runScript(here, `{ ${script}\n} > "$OUTPUT_ROOT/text"; echo more`);
    assertEquals(end, "failed", name);
  }
  assertEquals(await Array.fromAsync(here.registry.names({ prefix: "data" })), []);
});

const TEXTS: [script: string, text: string][] = [
  ["echo one | cat", "one\n"],
  ["false || echo two", "two\n"],
  ["false || echo three | cat; echo $# | cat", "three\n0\n"],
  ["if false | cat; then echo no; else echo yes; fi", "yes\n"],
  ["cat <<END | tr a-z A-Z\nfour $(echo 5)\nEND", "FOUR 5\n"],
  [`x='a|b'; echo "$x"`, "a|b\n"],
  [`x="it's"; printf '%s\\n' "$x" | sort`, "it's\n"],
];

testInWorld("other scripts with pipes mean what they say", async (here) => {
  for (const [script, text] of TEXTS) {
    const { end, reason } = await runScript(here, `{ ${script}\n} > "$OUTPUT_ROOT/text"`);
    assertEquals([end, reason], ["ran", undefined], script);
    assertEquals(await textOf(here.registry, "data"), text);
  }
});

testInWorld("a command that its reader left fails with a hint", async (here) => {
  const { end, hint, reason } = await runScript(here, 'yes | head -n 1 > "$OUTPUT_ROOT/text"');
  assertEquals(end, "failed");
  assertStringIncludes(`${reason} ${hint}`, "sed -n 1,9p");
});

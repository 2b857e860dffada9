import { assertEquals, assertStringIncludes } from "@std/assert";
import type { CliTest } from "../../../apps/captured_io.ts";
import { OPERATORS_DOOR, projectTest } from "./project.ts";

async function write({ root }: CliTest, name: string, source: string): Promise<void> {
  const line = `import { createOperators } from ${JSON.stringify(OPERATORS_DOOR)};\n`;
  await Deno.writeTextFile(root.join(name), line + source);
}

projectTest("a wrong module of operators is reported", async (it) => {
  const line = "pipeline plan --check --operators";
  const cases: [source: string, code: number, ...parts: string[]][] = [
    [
      "export const other = 1, steps = createOperators();",
      2,
      "it exports other, steps",
      "Add: exp",
    ],
    ["export {};", 2, "it exports nothing"],
    ["export const operators = {};", 2, "not a set of operators"],
    ["throw new Error('not today');", 1, "not today", "deno check"],
    ["const ;", 1, "Cannot load operators of"],
    [
      "createOperators({ a: class { run() {} } });",
      1,
      'register operator "a": it has no command()',
    ],
  ];
  for (const [i, [source, expected, ...parts]] of cases.entries()) {
    await write(it, `module${i}.ts`, source);
    const { code, out, err } = await it.holdfast(`${line} module${i}.ts`);
    assertEquals([code, out], [expected, ""], err);
    for (const part of parts) assertStringIncludes(err, part);
  }
  await it.each([
    [`${line} missing.ts`, 3, "no such file", "export const operators = createOperators()"],
    [`${line} https://a.example/steps.ts`, 2, "not a local file"],
    [`${line} file://another-machine/steps.ts`, 2, "not a local file"],
  ]);
});

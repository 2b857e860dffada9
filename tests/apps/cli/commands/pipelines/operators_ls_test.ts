import { assertEquals, assertStringIncludes } from "@std/assert";
import { type TempRoot, tempRoot } from "../../../../support/temp_root.ts";
import { holdfast, succeeds } from "../../../captured_io.ts";

const DOOR = JSON.stringify(new URL("../../../../../operators/mod.ts", import.meta.url).href);

async function write(root: TempRoot, name: string, source: string): Promise<void> {
  await Deno.writeTextFile(root.join(name), `import { createOperators } from ${DOOR};\n${source}`);
}

const OPERATORS = `
const steps = { run() {}, command: () => ["true"] };
export const operators = createOperators({
  cleaner_v1: { ...steps, version: "1.2", inputs: { raw: "rows" }, outputs: { rows: "good ones", report: "the rest" } },
  broken_v1: () => { throw new Error("no model"); },
  "another_v2.0": class { run() {} command() { return ["true"]; } },
});`;

Deno.test("operators ls lists the operators of operators.ts, and those that cannot be made with the reason", async () => {
  await using root = await tempRoot();
  await write(root, "operators.ts", OPERATORS);
  assertEquals(
    await succeeds("operators ls", { cwd: root.path }),
    "OPERATOR      VERSION  INPUTS  OUTPUTS       PROBLEM\n" +
      "another_v2.0\n" +
      "broken_v1                                    no model\n" +
      "cleaner_v1    1.2      raw     rows, report\n",
  );
  assertEquals(
    await succeeds("operators ls -q", { cwd: root.path }),
    "another_v2.0\nbroken_v1\ncleaner_v1\n",
  );
});

Deno.test("operators ls takes a module, and prints JSON", async () => {
  await using root = await tempRoot();
  await Deno.mkdir(root.join("src"));
  await write(root, "src/steps.ts", OPERATORS);
  const lines = (await succeeds("operators ls --operators src/steps.ts --json", { cwd: root.path }))
    .trim().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line)), [
    { operator: "another_v2.0", inputs: {}, outputs: {} },
    { operator: "broken_v1", problem: "no model" },
    {
      operator: "cleaner_v1",
      version: "1.2",
      inputs: { raw: "rows" },
      outputs: { rows: "good ones", report: "the rest" },
    },
  ]);
});

Deno.test("operators ls says what is wrong with a module, and what to do", async () => {
  await using root = await tempRoot();
  const failsWith = async (source: string | undefined, code: number, ...parts: string[]) => {
    const name = `module_${parts.length}_${code}_${parts[0].length}.ts`;
    if (source !== undefined) await write(root, name, source);
    const { code: ended, out, err } = await holdfast(["operators", "ls", "--operators", name], {
      cwd: root.path,
    });
    assertEquals([ended, out], [code, ""], err);
    for (const part of parts) assertStringIncludes(err, part);
  };
  await failsWith(undefined, 3, "no such file", "export const operators = createOperators()");
  await failsWith(
    "export const other = 1, steps = createOperators();",
    2,
    "it exports other, steps",
    "Add: export const",
  );
  await failsWith("export {};", 2, "it exports nothing");
  await failsWith("export const operators = {};", 2, "not a set of operators");
  await failsWith("throw new Error('not today');", 1, "not today", "deno check");
  await failsWith("const ;", 1, "Cannot load operators of");
  await failsWith(
    "createOperators({ a: class { run() {} } });",
    1,
    'register operator "a": it has no command()',
  );
  for (const url of ["https://a.example/steps.ts", "file://another-machine/steps.ts"]) {
    const { code, err } = await holdfast(["operators", "ls", "--operators", url], {
      cwd: root.path,
    });
    assertEquals(code, 2);
    assertStringIncludes(err, "it is not a file on this machine");
  }
});

Deno.test("operators ls lists the others beside one whose version is a number, and says so of none", async () => {
  await using root = await tempRoot();
  const step = "const step = { run() {}, command: () => [] };\n";
  const set = "createOperators({ a: { ...step, version: 1.5 }, b: step })";
  await write(root, "operators.ts", `${step}export const operators = ${set};`);
  const listed = await succeeds("operators ls", { cwd: root.path });
  assertEquals(listed.replaceAll(/ +/g, " ").split("\n").slice(1), ["a 1.5", "b", ""]);
  await write(root, "none.ts", "export const operators = createOperators();");
  const { code, out, err } = await holdfast("operators ls --operators none.ts", { cwd: root.path });
  assertEquals([code, out], [0, ""]);
  assertStringIncludes(err, "No operators");
});

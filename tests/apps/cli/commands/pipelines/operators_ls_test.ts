import { assertEquals, assertStringIncludes } from "@std/assert";
import { denoSucceeds, REPOSITORY } from "../../../../support/run_deno.ts";
import { type CliTest, cliTest } from "../../../captured_io.ts";
import { OPERATORS_DOOR } from "./project.ts";

async function write({ root }: CliTest, name: string, source: string): Promise<void> {
  const line = `import { createOperators } from ${JSON.stringify(OPERATORS_DOOR)};\n`;
  await Deno.writeTextFile(root.join(name), line + source);
}

const OPERATORS = `
const steps = { run() {}, command: () => ["true"] };
const cleaner = { ...steps, version: "1.2", inputs: { raw: "rows" } };
export const operators = createOperators({
  cleaner_v1: { ...cleaner, outputs: { rows: "good ones", report: "the rest" } },
  broken_v1: () => { throw new Error("no model"); },
  "another_v2.0": class { run() {} command() { return ["true"]; } },
});`;

cliTest("operators ls lists operators, and the errors of others", async (it) => {
  await write(it, "operators.ts", OPERATORS);
  await it.prints(
    "operators ls",
    "OPERATOR      VERSION  INPUTS  OUTPUTS       PROBLEM\n" +
      "another_v2.0\n" +
      "broken_v1                                    no model\n" +
      "cleaner_v1    1.2      raw     rows, report\n",
  );
  await it.prints("operators ls -q", "another_v2.0\nbroken_v1\ncleaner_v1\n");
});

cliTest("operators ls takes a module, and prints JSON", async (it) => {
  await Deno.mkdir(it.root.join("src"));
  await write(it, "src/steps.ts", OPERATORS);
  const outputs = { rows: "good ones", report: "the rest" };
  assertEquals(await it.jsonLines("operators ls --operators src/steps.ts --json"), [
    { operator: "another_v2.0", inputs: {}, outputs: {} },
    { operator: "broken_v1", problem: "no model" },
    { operator: "cleaner_v1", version: "1.2", inputs: { raw: "rows" }, outputs },
  ]);
});

cliTest("operators ls reports what is wrong with a module", async (it) => {
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
    const { code, out, err } = await it.holdfast(`operators ls --operators module${i}.ts`);
    assertEquals([code, out], [expected, ""], err);
    for (const part of parts) assertStringIncludes(err, part);
  }
  const line = "operators ls --operators";
  await it.each([
    [`${line} missing.ts`, 3, "no such file", "export const operators = createOperators()"],
    [`${line} https://a.example/steps.ts`, 2, "not a local file"],
    [`${line} file://another-machine/steps.ts`, 2, "not a local file"],
  ]);
});

cliTest("operators ls takes numbers as versions, and empty sets", async (it) => {
  const step = "const step = { run() {}, command: () => [] };\n";
  const set = "createOperators({ a: { ...step, version: 1.5 }, b: step })";
  await write(it, "operators.ts", `${step}export const operators = ${set};`);
  const listed = await it.succeeds("operators ls");
  assertEquals(listed.replaceAll(/ +/g, " ").split("\n").slice(1), ["a 1.5", "b", ""]);
  await write(it, "none.ts", "export const operators = createOperators();");
  await it.fails("operators ls --operators none.ts", 0, "No operators");
});

cliTest("an install with a copied configuration prints how to install it again", async (it) => {
  await it.succeeds("pipeline init");
  const install = ["install", "--global", "-A", "--root", it.cwd, "--name", "holdfast"];
  await denoSucceeds([...install, "--config", "deno.json", "apps/cli.ts"]);
  const program = new Deno.Command(it.root.join("bin/holdfast"), {
    args: ["operators", "ls"],
    cwd: it.cwd,
    env: { NO_COLOR: "1" },
  });
  const { code, stderr } = await program.output();
  const err = new TextDecoder().decode(stderr);
  assertEquals(code, 1, err);
  assertStringIncludes(err, "holdfast was installed with a copy of its deno.json");
  assertStringIncludes(err, `hint: Install it again: cd ${REPOSITORY} && deno task install`);
});

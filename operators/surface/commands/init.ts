import { lstat, mkdir, writeFile } from "node:fs/promises";
import process from "node:process";
import { basename, join, resolve } from "node:path";
import {
  type Command,
  type CommandContext,
  defineCommand,
  findRegistry,
  refuseUrlTarget,
} from "../../../apps/cli/extending.ts";
import { VERSION } from "../../../apps/cli/program/extension.ts";
import { alreadyExists, shellWord } from "../../../core/kernel.ts";
import { OPERATORS_FILE } from "../load_operators.ts";

/** The files that `pipeline run` finds; an existing one would run instead of the new pipeline. */
const MAIN_FILES = ["yaml", "yml", "json"]
  .flatMap((end) => [`pipeline.${end}`, `conf/pipeline.${end}`]);
const GIT_IGNORE = ".holdfast/\n.holdfast-runs/\n";

export const init: Command = defineCommand({
  name: "pipeline init",
  summary: "Write a small pipeline to start from.",
  details: "Writes pipeline.yaml, operators.ts and .gitignore, and never overwrites a file. On a " +
    "Node that does not run TypeScript, it writes operators.mjs.",
  args: [{ usage: "[folder]", text: "where (default: this folder)", completes: "file" }],
  options: [],
  examples: [
    ["holdfast pipeline init", "in this folder"],
    ["holdfast pipeline init training", "in a new folder"],
  ],
  async run([where = "."], _flags, context) {
    const { io, shared } = context;
    refuseUrlTarget(where, "write a pipeline");
    const folder = resolve(io.cwd, where);
    const name = basename(folder).replace(/[^\w.-]+/g, "_").replace(/^[^A-Za-z0-9]+/, "");
    const id = (name || "pipeline").slice(0, 64);
    const module = runsTypeScript() ? OPERATORS_FILE : "operators.mjs";
    const files = { "pipeline.yaml": pipelineText(id, module), [module]: operatorsText() };
    for (const name of [...Object.keys(files), ...MAIN_FILES]) await refuseFile(folder, name);
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(folder, name), text, { flag: "wx" });
    }
    const isIgnored = await exists(join(folder, ".gitignore"));
    if (!isIgnored) await writeFile(join(folder, ".gitignore"), GIT_IGNORE, { flag: "wx" });
    const written = [...Object.keys(files), ...isIgnored ? [] : [".gitignore"]];
    await context.done(
      { folder, files: written, pipeline: id },
      `Wrote ${written.join(", ")} in ${folder}`,
    );
    if (shared.json) return;
    if (isIgnored) await context.note("Add .holdfast/ and .holdfast-runs/ to your .gitignore");
    await context.note(`Next: ${nextCommands(where, folder, context)}`);
  },
});

async function refuseFile(folder: string, name: string): Promise<void> {
  if (!await exists(join(folder, name))) return;
  throw alreadyExists(`write a pipeline in ${folder}`, undefined, `${name} exists`, {
    hint: "Use another folder: holdfast pipeline init FOLDER",
  });
}

async function exists(path: string): Promise<boolean> {
  return await lstat(path).then(() => true, (error) => {
    if (error.code === "ENOENT") return false;
    throw error;
  });
}

function nextCommands(where: string, folder: string, { io, shared }: CommandContext): string {
  const commands = resolve(io.cwd) === folder ? [] : [`cd ${shellWord(where)}`];
  try {
    findRegistry(shared.registry, { ...io, cwd: folder });
  } catch {
    commands.push("holdfast init"); // it reports any other problem
  }
  return [...commands, "holdfast pipeline run"].join(" && ");
}

/** Node runs TypeScript from 22.18. */
function runsTypeScript(): boolean {
  const { typescript } = process.features as { typescript?: unknown };
  return "Deno" in globalThis || "Bun" in globalThis || Boolean(typescript);
}

const SCHEMA = `https://jsr.io/@holdfast/holdfast/${VERSION}/docs/pipeline.schema.json`;

/** Returns a pipeline with one step of each kind. */
function pipelineText(id: string, module: string): string {
  return `# yaml-language-server: $schema=${SCHEMA}

# A pipeline: steps, ordered by their inputs.
#   holdfast pipeline plan    shows what would run, and why
#   holdfast pipeline run     runs what has changed since the last run
#   holdfast pipeline graph   draws the steps

variables:
  numbers: 1000 # change it and run again: only the steps that depend on it run

pipeline:
  pipeline_id: ${id}
  operators_module: ./${module} # your code: exports \`operators\`

  operators:
    # A step of your own code.
    - operator_id: generate
      params: { count: "\${numbers}" }

    # It reads the outputs of \`generate\`, so it runs after it. It saves an output: holdfast ls
    - operator_id: summarize
      inputs: { numbers: step:generate }
      # The key is the path below OUTPUT_ROOT; "." is the whole folder.
      outputs: { summary.txt: "registry:${id}:summary" }
      timeout: 5m
      retries: 2

    # A step of shell commands. For a single program: start_command: [python, train.py]
    - operator_id: report
      inputs: { summary: step:summarize }
      script: |
        cat "$INPUT_ROOT/summary.txt" > "$OUTPUT_ROOT/report.txt"
        echo "report written"
      # A secret is the name of a variable in your environment, never the value:
      # extra_env_vars: { API_TOKEN: { from_env: MY_TOKEN } }
`;
}

function operatorsText(): string {
  const [major, minor] = VERSION.split(".");
  const library = "Deno" in globalThis
    ? `jsr:@holdfast/holdfast@^${major}.${minor}`
    : "@holdfast/holdfast";
  return `// The code of the steps in pipeline.yaml.
import { readFile, writeFile } from "node:fs/promises";
import { createOperators, defineOperator } from "${library}/operators";

export const operators = createOperators();

operators.register(
  "generate",
  defineOperator({
    version: "1", // a new version makes its steps run again
    outputs: { "numbers.csv": "one number per line" },
    async run({ outputRoot, params, logger }) {
      const count = Number(params.count);
      const numbers = Array.from({ length: count }, (_, i) => (i * 7919) % 1000);
      const lines = numbers.map((number) => \`\${number}\\n\`);
      await writeFile(\`\${outputRoot}/numbers.csv\`, lines.join(""));
      logger.info(\`wrote \${count} numbers\`);
    },
    // The same as a program, for steps with run_as: command. Its output is the log.
    command: ({ params }) => [
      "awk",
      "-v",
      \`count=\${params.count}\`,
      "BEGIN { for (i = 0; i < count; i++) " +
      'print (i * 7919) % 1000 > (ENVIRON["OUTPUT_ROOT"] "/numbers.csv") }',
    ],
  }),
);

operators.register(
  "summarize",
  defineOperator({
    version: "1",
    async run({ inputRoot, outputRoot, logger }) {
      const text = await readFile(\`\${inputRoot}/numbers.csv\`, "utf8");
      const numbers = text.trimEnd().split("\\n").map(Number);
      const mean = (numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toFixed(2);
      const summary = \`\${numbers.length} numbers, mean \${mean}\\n\`;
      await writeFile(\`\${outputRoot}/summary.txt\`, summary);
      logger.info(\`the mean is \${mean}\`);
    },
    command: ({ inputRoot }) => [
      "awk",
      '{ sum += $1 } END { print NR " numbers, mean " sprintf("%.2f", sum / NR) ' +
      '> (ENVIRON["OUTPUT_ROOT"] "/summary.txt") }',
      \`\${inputRoot}/numbers.csv\`,
    ],
  }),
);
`;
}

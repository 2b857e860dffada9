// The files that `holdfast pipeline init` writes.
import manifest from "../../../deno.json" with { type: "json" };

export const GIT_IGNORE = ".holdfast/\n.holdfast-runs/\n";

/**
 * A pipeline with a step of each kind.
 *
 * @param id its name
 */
export function pipelineText(id: string): string {
  return `# yaml-language-server: $schema=https://jsr.io/@holdfast/holdfast/${manifest.version}/docs/pipeline.schema.json

# A pipeline: steps, in the order of what they read of each other.
#   holdfast pipeline plan    what would run, and why
#   holdfast pipeline run     runs what has changed since it ran last
#   holdfast pipeline graph   what waits for what

variables:
  numbers: 1000 # change it and run again: only what depends on it runs

pipeline:
  pipeline_id: ${id}
  operators_module: ./operators.ts # your code: exports \`operators\`

  operators:
    # A step of your own code.
    - operator_id: generate
      params: { count: "\${numbers}" }

    # It reads the outputs of \`generate\`, so it runs after it. Its output has a name in the registry: holdfast ls
    - operator_id: summarize
      inputs: { numbers: step:generate }
      outputs: { summary.txt: "registry:${id}:summary" } # the key is the path below OUTPUT_ROOT; "." is all of it
      timeout: 5m
      retries: 2

    # A step that is a command. No shell reads it, unless you ask for one.
    - operator_id: report
      inputs: { summary: step:summarize }
      start_command: [sh, -c, 'cat "$INPUT_ROOT/summary.txt" > "$OUTPUT_ROOT/report.txt"; echo "the report is written"']
      # A secret is the name of a variable of whoever runs it, never the value:
      # extra_env_vars: { API_TOKEN: { from_env: MY_TOKEN } }
`;
}

/** The operators of {@linkcode pipelineText}. */
export function operatorsText(): string {
  const [major, minor] = manifest.version.split(".");
  const library = "Deno" in globalThis
    ? `jsr:@holdfast/holdfast@^${major}.${minor}`
    : "@holdfast/holdfast";
  return `// The code of the steps in pipeline.yaml. See what there is: holdfast operators ls
import { readFile, writeFile } from "node:fs/promises";
import { createOperators, defineOperator } from "${library}/operators";

export const operators = createOperators();

operators.register(
  "generate",
  defineOperator({
    version: "1", // another version makes its steps run again
    outputs: { "numbers.csv": "a number in each line" },
    async run({ outputRoot, params, logger }) {
      const count = Number(params.count);
      const numbers = Array.from({ length: count }, (_, i) => (i * 7919) % 1000);
      await writeFile(\`\${outputRoot}/numbers.csv\`, numbers.map((number) => \`\${number}\\n\`).join(""));
      logger.info(\`wrote \${count} numbers\`);
    },
    // The same as a program, for steps with run_as: command. What it prints is its log; what it writes is its output.
    command: ({ params }) => [
      "awk",
      "-v",
      \`count=\${params.count}\`,
      'BEGIN { for (i = 0; i < count; i++) print (i * 7919) % 1000 > (ENVIRON["OUTPUT_ROOT"] "/numbers.csv") }',
    ],
  }),
);

operators.register(
  "summarize",
  defineOperator({
    version: "1",
    async run({ inputRoot, outputRoot, logger }) {
      const numbers = (await readFile(\`\${inputRoot}/numbers.csv\`, "utf8")).trimEnd().split("\\n").map(Number);
      const mean = (numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toFixed(2);
      await writeFile(\`\${outputRoot}/summary.txt\`, \`\${numbers.length} numbers, mean \${mean}\\n\`);
      logger.info(\`the mean is \${mean}\`);
    },
    command: ({ inputRoot }) => [
      "awk",
      '{ sum += $1 } END { print NR " numbers, mean " sprintf("%.2f", sum / NR) > (ENVIRON["OUTPUT_ROOT"] "/summary.txt") }',
      \`\${inputRoot}/numbers.csv\`,
    ],
  }),
);
`;
}

// `holdfast pipeline validate`
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  findPipeline,
  PIPELINE_ARGUMENT,
  PIPELINE_OPTIONS,
} from "../../pipelines/open_pipeline.ts";
import type { FoundPipeline, PipelineFlags } from "../../pipelines/open_pipeline.ts";
import { type ConfigProblem, loadConfigPart } from "../../pipelines/pipeline_parts.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { knownColumns } from "../../terminal/cli_io.ts";
import { displayWidth, printable } from "../../terminal/table.ts";
import { formatCount } from "../../terminal/units.ts";

export const validate: Command = defineCommand<[file: string | undefined], PipelineFlags>({
  name: "pipeline validate",
  summary: "Check a pipeline, and list each problem with its location and fix.",
  details:
    "Reads the files and imports the operators, without a registry. Exit code 2 with problems.",
  args: [PIPELINE_ARGUMENT],
  options: [...PIPELINE_OPTIONS],
  examples: [
    ["holdfast pipeline validate", "the pipeline of this folder"],
    ["holdfast pipeline validate nightly.yaml --json", "as JSON, with file, line and column"],
  ],
  async run([file], flags, context) {
    const { problemsOf } = await loadConfigPart();
    let found: FoundPipeline;
    try {
      found = await findPipeline(file, flags, context);
    } catch (error) {
      const problems = problemsOf(error);
      if (problems.length === 0) throw error;
      await printProblems(problems, context);
      return 2;
    }
    const { pipeline } = found;
    const { topologicalOrder } = await import("../../../../operators/graph/order.ts");
    const order = topologicalOrder(pipeline.steps);
    const json = {
      valid: true,
      problems: [],
      pipeline: pipeline.id,
      files: found.files,
      nodes: pipeline.nodes.map(({ id }) => id),
      order,
      operators: found.operators?.names(),
    };
    await context.done(json, summaryOf(found, order));
    const needsOperators = pipeline.steps.some(({ startCommand }) => startCommand === undefined);
    if (found.operators === undefined && needsOperators) {
      await context.note("Operators not checked. Name their module: --operators FILE");
    }
  },
});

const MOST_STEPS = 20;

function summaryOf({ pipeline, files }: FoundPipeline, order: readonly string[]): string {
  const steps = order.length > MOST_STEPS ? [...order.slice(0, MOST_STEPS), "…"] : order;
  const nodes = pipeline.nodes.map(({ id }) => id).join(", ");
  const stepCount = formatCount(order.length, "step");
  const nodeCount = formatCount(pipeline.nodes.length, "node");
  return printable(
    `${pipeline.id} is valid: ${stepCount} (${steps.join(", ")}) on ${nodeCount} (${nodes}), ` +
      `from ${formatCount(files.length, "file")}`,
  );
}

async function printProblems(
  problems: readonly ConfigProblem[],
  context: CommandContext,
): Promise<void> {
  const { io, colors, shared } = context;
  if (shared.json) return await context.result({ valid: false, problems }, undefined);
  const { problemLine } = await loadConfigPart();
  const texts = new Map<string, string[]>();
  for (const problem of problems) {
    const lines = [colors.red(printable(problemLine(problem)))];
    if (io.stdout.isTerminal) {
      lines.push(
        ...await excerpt(problem, { texts, cwd: io.cwd, columns: knownColumns(io.stdout) }),
      );
    }
    if (!shared.quiet) lines.push(`  hint: ${printable(problem.hint)}`);
    await io.stdout.write(`${lines.join("\n")}\n`);
  }
  await context.note(formatCount(problems.length, "problem"));
}

/** Returns the line of the file with a mark below the column; nothing without a local file. */
async function excerpt(
  { file, line, column }: ConfigProblem,
  { texts, cwd, columns = 80 }: { texts: Map<string, string[]>; cwd: string; columns?: number },
): Promise<string[]> {
  if (file === undefined || line === undefined || column === undefined) return [];
  if (!texts.has(file)) {
    texts.set(file, (await readFile(resolve(cwd, file), "utf8").catch(() => "")).split("\n"));
  }
  const source = texts.get(file)![line - 1];
  if (source === undefined) return [];
  const room = Math.max(20, columns - 6);
  const from = column > room - 10 ? column - Math.floor(room / 2) : 0;
  const shown = source.slice(from, from + room).replaceAll("\t", " ");
  const before = displayWidth(shown.slice(0, column - 1 - from));
  return [`    ${printable(shown)}`, `    ${" ".repeat(before)}^`];
}

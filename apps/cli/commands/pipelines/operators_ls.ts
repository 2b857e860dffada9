// `holdfast operators ls`
import type { Operators } from "../../../../operators/mod.ts";
import { loadOperators, OPERATORS_FILE } from "../../places/load_module.ts";
import { toReportable } from "../../program/exit_code.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { printTable, type Row } from "../../terminal/print_table.ts";

const COLUMNS = ["OPERATOR", "VERSION", "INPUTS", "OUTPUTS", "PROBLEM"];

export const operatorsLs: Command = defineCommand<[], { operators?: string }>({
  name: "operators ls",
  summary: "List the operators in your code.",
  details:
    "Imports a module that exports createOperators() as `operators`, and lists keys, versions, " +
    "inputs and outputs. An operator that cannot be created is listed with the reason.",
  args: [],
  options: [
    {
      flags: "--operators <file>",
      text: `the module (default: that of the pipeline here, then ${OPERATORS_FILE})`,
      completes: "file",
    },
  ],
  examples: [
    ["holdfast operators ls", "the operators of this folder"],
    ["holdfast operators ls --operators src/steps.ts --json", "as JSON, one per line"],
  ],
  async run(_args, flags, context) {
    const { io, shared } = context;
    const operators = await loadOperators(flags.operators ?? await moduleHere(context), io);
    const columns = shared.quiet ? undefined : COLUMNS;
    const count = await printTable(context, columns, rowsOf(operators, shared));
    if (count === 0) await context.note("No operators: add operators.register(key, operator)");
  },
});

async function moduleHere(context: CommandContext): Promise<string> {
  const { moduleOfPipelineHere } = await import("../../pipelines/open_pipeline.ts");
  return await moduleOfPipelineHere(context) ?? OPERATORS_FILE;
}

async function* rowsOf(
  operators: Operators,
  { quiet = false }: { quiet?: boolean },
): AsyncGenerator<Row> {
  for (const operator of operators.names().sort()) {
    yield quiet ? { json: { operator }, cells: [operator] } : await rowOf(operator, operators);
  }
}

async function rowOf(operator: string, operators: Operators): Promise<Row> {
  try {
    const { version, inputs = {}, outputs = {} } = await operators.instance(operator, operator);
    const named = (things: Readonly<Record<string, string>>) => Object.keys(things).join(", ");
    return {
      json: { operator, version, inputs, outputs },
      cells: [operator, String(version ?? ""), named(inputs), named(outputs), ""],
    };
  } catch (error) {
    const { message: problem } = toReportable(error);
    return { json: { operator, problem }, cells: [operator, "", "", "", problem] };
  }
}

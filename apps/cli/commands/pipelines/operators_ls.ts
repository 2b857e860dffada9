// `holdfast operators ls`
import type { Operators } from "../../../../operators/mod.ts";
import { loadOperators, OPERATORS_FILE } from "../../places/load_operators.ts";
import { toReportable } from "../../program/exit_code.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { printTable, type Row } from "../../terminal/print_table.ts";

interface OperatorsFlags {
  operators?: string;
}

export const operatorsLs: Command = defineCommand<[], OperatorsFlags>({
  name: "operators ls",
  summary: "List the operators of your code that pipelines can use.",
  details:
    "Imports a module that exports a set of operators as `operators`, made by createOperators(), and says what is in " +
    "it: keys, versions of code, inputs and outputs. An operator that cannot be made is listed with the reason.",
  args: [],
  options: [
    {
      flags: "--operators <file>",
      text: `the module; else that of the pipeline in this folder, else ${OPERATORS_FILE}`,
      completes: "file",
    },
  ],
  examples: [
    ["holdfast operators ls", "those of operators.ts"],
    ["holdfast operators ls --operators src/steps.ts --json", "as JSON, one a line"],
  ],
  async run(_args, flags, context) {
    const operators = await loadOperators(flags.operators ?? await moduleHere(context), {
      cwd: context.io.cwd,
    });
    const columns = [{ title: "OPERATOR" }, { title: "VERSION" }, { title: "INPUTS" }, {
      title: "OUTPUTS",
    }, {
      title: "PROBLEM",
    }];
    const count = await printTable(
      context,
      context.shared.quiet ? undefined : columns,
      rowsOf(operators, context.shared),
    );
    if (count === 0) {
      await context.note("There are no operators in it: operators.register(key, operator)");
    }
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

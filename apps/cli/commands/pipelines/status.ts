// `holdfast pipeline status`
import type { Registry } from "../../../../mod.ts";
import type { ListedRun, RunResult } from "../../../../operators/runner/mod.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { printTable, type Row } from "../../terminal/print_table.ts";
import { formatTime, parseCount } from "../../terminal/units.ts";
import { countedEnds, knownRun, knownSteps } from "../../../server/schemas/known_of_runs.ts";
import { headline } from "../../pipelines/run_report.ts";
import { findRun } from "../../pipelines/run_ref.ts";
import { formatMs } from "../../pipelines/run_view.ts";

const UNKNOWN = "unknown (no result: running or killed)";
const DEFAULT_LIMIT = 20;

export const status: Command = defineCommand<[what: string | undefined], { limit?: number }>({
  name: "pipeline status",
  summary: "List the runs of pipelines, newest first, or say what became of each step of one.",
  details:
    "What a run did is read from the registry. A run without a result still runs, or was killed: nobody knows, " +
    "and nothing is made up. Steps that were done in it are shown as such all the same.",
  args: [{
    usage: "[run]",
    text: "a run, like training@3: its steps; a pipeline: its runs; all runs where it is not given",
    completes: "run",
  }],
  options: [{
    flags: "--limit <count>",
    text: `at most so many runs (default: ${DEFAULT_LIMIT})`,
    parse: parseCount,
  }],
  examples: [
    ["holdfast pipeline status", "the newest runs of all pipelines"],
    ["holdfast pipeline status training --limit 100", "those of one"],
    ["holdfast pipeline status training@3", "its steps; training@latest is the last one"],
  ],
  async run([what], { limit = DEFAULT_LIMIT }, context) {
    const registry = await context.open();
    if (what?.includes("@")) {
      return await printSteps(registry, await findRun(registry, what, context), context);
    }
    const { listRuns } = await import("../../../../operators/runner/mod.ts");
    if (what !== undefined) await findRun(registry, what, context); // or it says that there are none
    const runs = await listRuns(registry, { pipeline: what, limit, signal: context.io.signal });
    const columns = [{ title: "RUN", shrinks: true }, { title: "BEGAN" }, {
      title: "TOOK",
      align: "right" as const,
    }, {
      title: "END",
      shrinks: true,
    }];
    const count = await printTable(
      context,
      context.shared.quiet ? undefined : columns,
      runs.map(listedRow(context)),
    );
    if (count === limit) {
      await context.note(`There may be more: --limit ${limit * 5 || DEFAULT_LIMIT}`);
    } else if (count === 0) await context.note("There are no runs yet: holdfast pipeline run");
  },
});

function listedRow({ shared }: CommandContext): (listed: ListedRun) => Row {
  return (listed) => {
    const { run, plannedAt, result } = listed;
    const json = knownRun(listed);
    if (shared.quiet) return { json, cells: [run] };
    const took = result === undefined ? "" : formatMs(result.durationMs);
    const counts = result &&
      Object.entries(countedEnds(result)).map(([end, count]) => `${count} ${end}`).join(", ");
    const end = result === undefined ? UNKNOWN : `${result.end}: ${counts}`;
    return { json, cells: [run, formatTime(plannedAt), took, end] };
  };
}

async function printSteps(registry: Registry, run: string, context: CommandContext): Promise<void> {
  const { io: { signal }, shared } = context;
  const { readResult } = await import("../../../../operators/runner/mod.ts");
  const result = await readResult(registry, run, { signal });
  const columns = [{ title: "STEP", shrinks: true }, { title: "END" }, {
    title: "TOOK",
    align: "right" as const,
  }, {
    title: "WHAT",
    shrinks: true,
  }];
  async function* rows(): AsyncGenerator<Row> {
    for await (const known of knownSteps(registry, { run, result }, { signal })) {
      const { step, end, reason = "", exit, exitCode, outputs = {}, durationMs } = known;
      const what = end === "ran"
        ? Object.values(outputs).join(", ")
        : end === "failed"
        ? `${exitCode} (${exit}): ${reason}`
        : reason;
      const took = durationMs > 0 ? formatMs(durationMs) : "";
      yield { json: known, cells: shared.quiet ? [step] : [step, end, took, what.split("\n")[0]] };
    }
  }
  await printTable(context, shared.quiet ? undefined : columns, rows());
  await tellEnd(run, result, context);
}

async function tellEnd(
  run: string,
  result: RunResult | undefined,
  context: CommandContext,
): Promise<void> {
  if (result === undefined) return await context.note(`${run}: ${UNKNOWN}`);
  await context.note(headline(result));
  const failed = Object.entries(result.steps).find(([, { end, record }]) =>
    end === "failed" && record !== undefined
  );
  if (failed !== undefined) {
    await context.note(`The log of one that failed: holdfast pipeline logs ${run} ${failed[0]}`);
  }
}

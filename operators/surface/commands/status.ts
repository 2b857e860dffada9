import type { Column } from "../../../apps/cli/extending.ts";
import {
  type Command,
  type CommandContext,
  defineCommand,
  formatTime,
  parseCount,
  printTable,
  type Row,
} from "../../../apps/cli/extending.ts";
import { conflict, shellWord } from "../../../core/kernel.ts";
import type { Registry } from "../../../mod.ts";
import type { ListedRun } from "../../runner/mod.ts";
import { knownRun, knownSteps } from "../known_runs.ts";
import { completeRun, findRun, RUN_ARGUMENT } from "../run_ref.ts";
import { metricsText } from "../metrics_text.ts";
import { endCounts, formatMs, headline } from "../run_view.ts";

const UNKNOWN = "unknown (no result: running or killed)";
const DEFAULT_LIMIT = 20;

const TOOK: Column = { title: "TOOK", align: "right" };
const RUN_COLUMNS = [{ title: "RUN", shrinks: true }, "BEGAN", TOOK, {
  title: "END",
  shrinks: true,
}];
const STEP_COLUMNS = [{ title: "STEP", shrinks: true }, "END", TOOK, {
  title: "WHAT",
  shrinks: true,
}, { title: "WHY", shrinks: true }];

export const status: Command = defineCommand({
  name: "pipeline status",
  summary: "List the runs of pipelines, newest first, or the steps of one run.",
  details: "Everything is read from the registry. A run without a result is still running or was " +
    "killed; its finished steps are shown.",
  args: [{
    usage: "[run]",
    text: "a run, such as training@3, for its steps; a pipeline for its runs (default: all runs)",
    completes: completeRun,
  }],
  options: [{
    flags: "--limit <count>",
    text: `list at most this many runs (default: ${DEFAULT_LIMIT})`,
    parse: parseCount,
  }],
  examples: [
    ["holdfast pipeline status", "the newest runs of all pipelines"],
    ["holdfast pipeline status training --limit 100", "the runs of one pipeline"],
    ["holdfast pipeline status training@3", "the steps of a run; training@latest is the last"],
  ],
  async run([what], { limit = DEFAULT_LIMIT }, context) {
    const { io: { signal }, shared: { quiet } } = context;
    const registry = await context.open();
    const run = what === undefined ? undefined : await findRun(registry, what, context);
    if (run !== undefined && what?.includes("@")) return await printSteps(registry, run, context);
    const { listRuns } = await import("../../runner/mod.ts");
    const runs = await listRuns(registry, { pipeline: what, limit, signal });
    const rows = runs.map((listed) => listedRow(listed, quiet));
    const count = await printTable(context, quiet ? undefined : RUN_COLUMNS, rows);
    if (count === limit) {
      await context.note(`There may be more: --limit ${limit * 5 || DEFAULT_LIMIT}`);
    } else if (count === 0) await context.note("No runs yet. Start one: holdfast pipeline run");
  },
});

function listedRow(listed: ListedRun, quiet: boolean | undefined): Row {
  const { run, plannedAt, result, error } = listed;
  const [took, end] = result === undefined
    ? ["", error === undefined ? UNKNOWN : `unreadable: ${error.message}`]
    : [formatMs(result.durationMs), `${result.end}: ${endCounts(result)}`];
  return { json: knownRun(listed), cells: quiet ? [run] : [run, formatTime(plannedAt), took, end] };
}

async function printSteps(registry: Registry, run: string, context: CommandContext): Promise<void> {
  const { io: { signal }, shared: { quiet } } = context;
  const { readResult } = await import("../../runner/mod.ts");
  const result = await readResult(registry, run, { signal });
  async function* rows(): AsyncGenerator<Row> {
    for await (const known of knownSteps(registry, { run, result }, { signal })) {
      const { step, end, reason = "", exit, exitCode, outputs = {}, metrics, durationMs } = known;
      const what = end === "ran"
        ? [...Object.values(outputs), metricsText(metrics)].filter(Boolean).join(", ")
        : end === "failed"
        ? `${exitCode ?? "?"} (${exit ?? "unknown"}): ${reason}`
        : reason;
      const took = durationMs > 0 ? formatMs(durationMs) : "";
      const why = ["ran", "failed"].includes(end) ? known.why.join("; ") : "";
      const cells = [step, end, took, what.replace(/\n.*/s, ""), why];
      yield { json: known, cells: quiet ? [step] : cells };
    }
  }
  await printTable(context, quiet ? undefined : STEP_COLUMNS, rows());
  if (result === undefined) return await context.note(`${run}: ${UNKNOWN}`);
  await context.note(headline(result));
  const failed = Object.entries(result.steps).find(([, { end, record }]) =>
    end === "failed" && record !== undefined
  );
  if (failed !== undefined) {
    await context.note(
      `See the log of a failed step: holdfast pipeline logs ${shellWord(run)} ${
        shellWord(failed[0])
      }`,
    );
  }
}

export const cancel: Command = defineCommand({
  name: "pipeline cancel",
  summary: "Stop a run on any machine.",
  details: "Writes a request to the registry. The run polls it every few seconds and ends its " +
    "processes. Finished steps stay finished; a new run continues from there.",
  args: [RUN_ARGUMENT],
  options: [],
  examples: [
    ["holdfast pipeline cancel training@3", "cancel this run"],
    ["holdfast pipeline cancel training", "cancel the last run"],
  ],
  async run([text], _flags, context) {
    const { signal } = context.io;
    const registry = await context.open({ write: true });
    const run = await findRun(registry, text, context);
    const { cancelRun, readResult } = await import("../../runner/mod.ts");
    const result = await readResult(registry, run, { signal });
    if (result !== undefined) {
      throw conflict(`cancel run ${run}`, undefined, `it has ended (${result.end})`, {
        hint: `See the result: holdfast pipeline status ${shellWord(run)}`,
      });
    }
    const isNew = await cancelRun(registry, run, { signal });
    const state = isNew ? "was asked to stop" : "had already been asked to stop";
    await context.done({ run, asked: isNew }, `${run} ${state}`);
    if (!context.shared.json) {
      await context.note(`Check it: holdfast pipeline status ${shellWord(run)}`);
    }
  },
});

// `holdfast pipeline cancel`
import { fault } from "../../../../core/errors.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { findRun, RUN_ARGUMENT } from "../../pipelines/run_ref.ts";

export const cancel: Command = defineCommand<[run: string], Record<never, never>>({
  name: "pipeline cancel",
  summary: "Ask a run to stop, on whatever machine it runs.",
  details:
    "Leaves the wish in the registry, where the run looks every few seconds: then it ends what runs, with all its " +
    "processes. What is done stays done, and running again goes on from there.",
  args: [RUN_ARGUMENT],
  options: [],
  examples: [["holdfast pipeline cancel training@3", "that run"], [
    "holdfast pipeline cancel training",
    "its last one",
  ]],
  async run([text], _flags, context) {
    const { io: { signal }, shared } = context;
    const registry = await context.open({ write: true });
    const run = await findRun(registry, text, context);
    const { cancelRun, readResult } = await import("../../../../operators/runner/mod.ts");
    const result = await readResult(registry, run, { signal });
    if (result !== undefined) {
      throw fault({
        code: "Conflict",
        action: "cancel run",
        subject: run,
        state: `it has ended (${result.end})`,
        hint: `See how: holdfast pipeline status ${run}`,
      });
    }
    const isNew = await cancelRun(registry, run, { signal });
    const told = isNew ? `${run} is to stop` : `${run} was asked to stop before`;
    await context.result({ run, asked: isNew }, shared.quiet ? undefined : told);
    if (!shared.json) await context.note(`Whether it has: holdfast pipeline status ${run}`);
  },
});

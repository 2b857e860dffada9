// `holdfast pipeline logs`
import type { Registry } from "../../../../mod.ts";
import { orMissing } from "../../../../core/errors.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { notFound } from "../../program/hints.ts";
import { followLogs, printLine, storedLines } from "../../pipelines/log_lines.ts";
import { findRun, RUN_ARGUMENT } from "../../pipelines/run_ref.ts";

export const logs: Command = defineCommand<
  [run: string, step: string | undefined],
  { follow?: boolean }
>({
  name: "pipeline logs",
  summary: "Print the logs of a run: all attempts of one step, or of all steps.",
  details: "A log is saved when its attempt ends. A skipped step shows the log of the success it " +
    "reuses. --follow prints until the run ends; it sees running steps only on their machine, " +
    "in the folder of the pipeline.",
  args: [RUN_ARGUMENT, { usage: "[step]", text: "only this step" }],
  options: [{ flags: "-f, --follow", text: "print until the run ends" }],
  examples: [
    ["holdfast pipeline logs training@3 train", "the log of one step"],
    ["holdfast pipeline logs training --follow", "follow all steps of the last run"],
  ],
  async run([text, step], { follow = false }, context) {
    const registry = await context.open();
    const run = await findRun(registry, text, context);
    const { readRun } = await import("../../../../operators/runner/mod.ts");
    const { steps: planned } = await readRun(registry, run, { signal: context.io.signal });
    const steps = planned.map(({ step }) => step);
    if (step !== undefined && !steps.includes(step)) {
      const hint = `It has: ${steps.slice(0, 20).join(", ")}${steps.length > 20 ? " …" : ""}.`;
      throw notFound(`find step ${JSON.stringify(step)} in run ${run}`, "no such step", hint);
    }
    const chosen = step === undefined ? steps : [step];
    if (follow) return await followLogs(registry, { run, steps: chosen }, context);
    const count = await printLogs(registry, { run, steps: chosen }, context);
    if (count === 0) {
      await context.note(`${run}${step === undefined ? "" : ` ${step}`}: no log was saved`);
    }
  },
});

async function printLogs(
  registry: Registry,
  { run, steps }: { run: string; steps: readonly string[] },
  context: CommandContext,
): Promise<number> {
  const { signal } = context.io;
  const { readResult } = await import("../../../../operators/runner/mod.ts");
  const { attemptsOf } = await import("../../../../operators/runner/records/failures.ts");
  const result = await readResult(registry, run, { signal });
  let count = 0;
  for (const step of steps) {
    const outcome = result?.steps[step];
    const earlier = outcome?.end === "skipped" ? outcome.record : undefined;
    const attempts = earlier === undefined
      ? await attemptsOf(registry, { run, step }, { signal })
      : [{ ref: earlier, hasLog: await hasLog(registry, earlier, signal) }];
    if (earlier !== undefined && steps.length === 1) {
      await context.note(`${step} was skipped; this is the log of ${earlier}:`);
    }
    for (const [i, { ref, hasLog }] of attempts.entries()) {
      if (!hasLog) continue;
      for await (const line of storedLines(registry, ref, signal)) {
        count++;
        await printLine({ run, step, attempt: i + 1, line }, steps.length === 1, context);
      }
    }
  }
  return count;
}

async function hasLog(registry: Registry, ref: string, signal: AbortSignal): Promise<boolean> {
  const info = await orMissing(registry.info(ref, { signal })); // it may have been pruned
  return info?.files.some(({ path }) => path === "log.txt") ?? false;
}

// `holdfast pipeline logs`
import type { Registry, RegistryError } from "../../../../mod.ts";
import { fault, orMissing } from "../../../../core/errors.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { followLogs, keptLines, printLine } from "../../pipelines/log_lines.ts";
import { findRun, RUN_ARGUMENT } from "../../pipelines/run_ref.ts";

export const logs: Command = defineCommand<
  [run: string, step: string | undefined],
  { follow?: boolean }
>({
  name: "pipeline logs",
  summary: "Print what the steps of a run said: all attempts of one step, or of all.",
  details:
    "Logs are kept with the record of each attempt when it has ended. Of a step that was skipped it is the log of " +
    "the success that counts. --follow goes on until the run has ended; what a running step says is seen in the folder " +
    "of the pipeline, on the machine that it runs on.",
  args: [RUN_ARGUMENT, { usage: "[step]", text: "only this one" }],
  options: [{ flags: "-f, --follow", text: "go on until the run has ended" }],
  examples: [
    ["holdfast pipeline logs training@3 train", "what that step said"],
    ["holdfast pipeline logs training --follow", "all steps of the last run, as they say it"],
  ],
  async run([text, step], { follow = false }, context) {
    const registry = await context.open();
    const run = await findRun(registry, text, context);
    const { readRun } = await import("../../../../operators/runner/mod.ts");
    const steps = (await readRun(registry, run, { signal: context.io.signal })).steps.map((
      planned,
    ) => planned.step);
    if (step !== undefined && !steps.includes(step)) throw noStep(run, step, steps);
    const chosen = step === undefined ? steps : [step];
    if (follow) return await followLogs(registry, { run, steps: chosen }, context);
    const count = await printLogs(registry, { run, steps: chosen }, context);
    if (count === 0) {
      await context.note(
        `${run}${step === undefined ? "" : ` ${step}`}: nothing was said that is kept`,
      );
    }
  },
});

async function printLogs(
  registry: Registry,
  { run, steps }: { run: string; steps: readonly string[] },
  context: CommandContext,
): Promise<number> {
  const { signal } = context.io;
  const { attemptsOf, readResult } = await import("../../../../operators/runner/mod.ts");
  const result = await readResult(registry, run, { signal });
  let count = 0;
  for (const step of steps) {
    const outcome = result?.steps[step];
    const earlier = outcome?.end === "skipped" ? outcome.record : undefined;
    const attempts = earlier === undefined
      ? await attemptsOf(registry, { run, step }, { signal })
      : [{ ref: earlier, hasLog: await hasLog(registry, earlier, signal) }];
    if (earlier !== undefined && steps.length === 1) {
      await context.note(`${step} was skipped; what it said in ${earlier}:`);
    }
    for (const [i, { ref, hasLog }] of attempts.entries()) {
      if (!hasLog) continue;
      for await (const line of keptLines(registry, ref, signal)) {
        count++;
        await printLine({ run, step, attempt: i + 1, line }, steps.length === 1, context);
      }
    }
  }
  return count;
}

async function hasLog(registry: Registry, ref: string, signal: AbortSignal): Promise<boolean> {
  const info = await orMissing(registry.info(ref, { signal })); // it may be pruned since
  return info?.files.some(({ path }) => path === "log.txt") ?? false;
}

function noStep(run: string, step: string, steps: readonly string[]): RegistryError {
  return fault({
    code: "NotFound",
    action: "find step",
    subject: `${JSON.stringify(step)} in run ${run}`,
    state: "it has no such step",
    hint: `There is: ${steps.slice(0, 20).join(", ")}${steps.length > 20 ? " …" : ""}.`,
  });
}

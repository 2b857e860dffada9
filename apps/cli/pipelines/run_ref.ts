// Refs of runs.
import type { Registry } from "../../../mod.ts";
import type { CommandContext } from "../program/command.ts";
import { notFound, shellWord } from "../terminal/hints.ts";

export const RUN_ARGUMENT = {
  usage: "<run>",
  text: "a run, such as training@3, or a pipeline for its last run",
  completes: "run",
} as const;

/** Finds the run `training@3`; `training` and `training@latest` are the last run. */
export async function findRun(
  registry: Registry,
  text: string,
  { io: { signal } }: CommandContext,
): Promise<string> {
  const { formatRunId, parseRunId } = await import("../../../operators/runner/records/names.ts");
  const { lastRun } = await import("../../../operators/runner/records/run_record.ts");
  const [, pipeline] = /^([^@]+)(?:@latest)?$/.exec(text) ?? [];
  if (pipeline === undefined) {
    const run = parseRunId(text);
    if (await registry.has(`${run.pipeline}:run@${run.number}.0.0`, { signal })) {
      return formatRunId(run);
    }
    const hint = `See what exists: holdfast pipeline status ${shellWord(run.pipeline)}`;
    throw notFound(`find run ${JSON.stringify(text)}`, "no such run", hint);
  }
  const last = await lastRun(registry, pipeline, { signal });
  if (last !== undefined) return last;
  const state = `the pipeline ${JSON.stringify(pipeline)} has no runs here`;
  const hint = "See what exists: holdfast pipeline status";
  throw notFound(`find run ${JSON.stringify(text)}`, state, hint);
}

// Refs of runs.
import { shellWord } from "../../core/kernel.ts";
import { type CommandContext, notFound } from "../../apps/cli/extending.ts";
import type { Registry } from "../../mod.ts";
import { formatRunId, parseRunId, recordNames } from "../runner/records/names.ts";

/** Maximum number of completed runs. */
const MOST = 200;
/** The suffix of names that hold plans of runs. */
const RUNS = recordNames("").run;

/** Completes `training@3` from the versions of `training:run`; before the @, the pipelines. */
export async function completeRun(registry: Registry, typed: string): Promise<string[]> {
  const [pipeline, number] = typed.split("@");
  if (number === undefined) {
    const names = await Array.fromAsync(registry.names({ prefix: typed }));
    const pipelines = names.filter((name) => name.endsWith(RUNS))
      .map((name) => name.slice(0, -RUNS.length));
    return pipelines.length === 1 ? [...pipelines, `${pipelines}@`] : pipelines.slice(0, MOST);
  }
  const runs: string[] = [];
  for await (
    const { version } of registry.versions(recordNames(pipeline ?? "").run, { limit: MOST })
  ) {
    runs.push(`${pipeline}@${version.split(".")[0]}`);
  }
  return runs.filter((run) => run.startsWith(typed));
}

export const RUN_ARGUMENT = {
  usage: "<run>",
  text: "a run, such as training@3, or a pipeline for its last run",
  completes: completeRun,
} as const;

/** Finds the run `training@3`; `training` and `training@latest` are the last run. */
export async function findRun(
  registry: Registry,
  text: string,
  { io: { signal } }: CommandContext,
): Promise<string> {
  const { lastRun } = await import("../runner/records/run_record.ts");
  const [, pipeline] = /^([^@]+)(?:@latest)?$/.exec(text) ?? [];
  if (pipeline === undefined) {
    const run = parseRunId(text);
    if (await registry.has(`${recordNames(run.pipeline).run}@${run.number}.0.0`, { signal })) {
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

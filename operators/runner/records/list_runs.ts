// Lists the runs in a registry.
import { isRegistryError } from "../../../core/errors.ts";
import type { Registry, SignalOptions } from "../../../core/registry.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import { readRecord } from "./files.ts";
import { formatRunId, numberOf, recordNames } from "./names.ts";
import { readResult, type RunResult } from "./run_record.ts";
import type { PipelinePlan } from "../plan.ts";

/** A run in a list. */
export interface ListedRun {
  /** `my_pipeline@3` */
  run: string;
  plannedAt: Date;
  steps: number;
  /** Undefined while it runs, and if its process died. */
  result?: RunResult;
}

/** Options of {@linkcode listRuns}. */
export interface ListRunsOptions extends SignalOptions {
  /** Only runs of this pipeline. @default all */
  pipeline?: string;
  /** Only runs after this one in the list. */
  after?: string;
  /** @default all */
  limit?: number;
}

/** Lists runs, the newest first. The list is empty if `after` does not exist. */
export async function listRuns(
  registry: Registry,
  { pipeline, after, limit = Infinity, signal }: ListRunsOptions = {},
): Promise<ListedRun[]> {
  const planned: Omit<ListedRun, "result">[] = [];
  for (const id of pipeline === undefined ? await pipelinesOf(registry, { signal }) : [pipeline]) {
    const name = recordNames(id).run;
    for await (
      const { version } of registry.versions(name, {
        limit: after === undefined ? limit : undefined,
        signal,
      })
    ) {
      try {
        const { createdAt, metadata } = await registry.info(`${name}@${version}`, { signal });
        const run = formatRunId({ pipeline: id, number: numberOf(version) });
        planned.push({ run, plannedAt: createdAt, steps: Number(metadata.steps) });
      } catch (error) {
        if (!isRegistryError(error, "NotFound")) throw error; // just deleted
      }
    }
  }
  planned.sort((a, b) => b.plannedAt.getTime() - a.plannedAt.getTime());
  const from = after === undefined ? 0 : planned.findIndex(({ run }) => run === after) + 1;
  const page = after !== undefined && from === 0 ? [] : planned.slice(from, from + limit);
  return await Array.fromAsync(mapAtOnce(page, async (listed) => {
    const result = await readResult(registry, listed.run, { signal });
    return result === undefined ? listed : { ...listed, result };
  }));
}

/** Returns the ids of pipelines with runs in a registry. Lists all its names. */
export async function pipelinesOf(
  registry: Registry,
  { signal }: SignalOptions = {},
): Promise<string[]> {
  const ids: string[] = [];
  const { run: suffix } = recordNames("");
  for await (const name of registry.names({ signal })) {
    if (!name.endsWith(suffix) || name === suffix) continue;
    const id = name.slice(0, -suffix.length);
    try {
      const found = await readRecord<PipelinePlan>(registry, name, { kind: "plan", signal });
      if (found?.record.pipeline === id) ids.push(id);
    } catch (error) {
      if (!isRegistryError(error, "Corrupt")) throw error; // another artifact with such a name
    }
  }
  return ids;
}

/** Returns the last run of a pipeline; undefined if it has none. `pipeline` is its id. */
export async function lastRun(
  registry: Registry,
  pipeline: string,
  { signal }: SignalOptions = {},
): Promise<string | undefined> {
  for await (
    const { version } of registry.versions(recordNames(pipeline).run, { limit: 1, signal })
  ) {
    return formatRunId({ pipeline, number: numberOf(version) });
  }
}

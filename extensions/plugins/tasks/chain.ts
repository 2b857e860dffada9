// A task at run time: behaviors from the outside in, and the function.
import type { ScheduledCall } from "../job_runner.ts";
import type { PlainValue } from "../../../materializers/mod.ts";
import type { Behavior, PluginContext, TaskFunction, TaskRegistry } from "../contract.ts";
import type { AnyDefinition, Settings } from "../sets/make_plugin.ts";
import type { PluginTable } from "../sets/plugin_table.ts";

export interface ChainEntry {
  readonly name: string;
  readonly definition: AnyDefinition;
  readonly config: Settings;
  /** The behavior and its checked settings, created at the first run. */
  made?: Promise<{ behavior: Behavior; config: Settings }>;
}

export interface Chain {
  readonly task: string;
  readonly isDefined: boolean;
  readonly fn: TaskFunction;
  readonly entries: readonly ChainEntry[];
}

export interface TaskTools {
  readonly context: PluginContext;
  readonly table: PluginTable;
  readonly registry?: TaskRegistry;
}

export interface ChainRun {
  readonly signal: AbortSignal;
  readonly jobId?: string;
  readonly onProgress?: (progress: PlainValue) => void | Promise<void>;
  readonly ids: JobIds;
}

/** Job ids of one run, the same if the run is repeated, so that no job is scheduled twice. */
interface JobIds {
  take(): string;
  /** Returns an id after a failure, for the next attempt. */
  giveBack(id: string): void;
}

/**
 * Creates the ids of a run: `id`, `id.2` … for a submission; `job.1`, `job.2` … for a job.
 *
 * @param base the id of the submission or the job
 */
export function createJobIds(base: string, { isJob }: { isJob: boolean }): JobIds {
  const returned: string[] = [];
  let count = 0;
  return {
    take: () => returned.shift() ?? (++count === 1 && !isJob ? base : `${base}.${count}`),
    giveBack: (id) => void returned.push(id),
  };
}

export function remainderOf(chain: Chain, from: number): Chain {
  return { ...chain, entries: chain.entries.slice(from) };
}

export function toCall({ task, entries }: Chain, input: PlainValue): ScheduledCall {
  const behaviors = entries.map(({ name, config }) => ({
    name,
    config: structuredClone(config) as PlainValue,
  }));
  return { task, behaviors, input };
}

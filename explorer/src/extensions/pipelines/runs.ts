// Runs of pipelines.
import { nameSegment } from "../../../../core/naming/names.ts";
import { namePath, type Service } from "../../extending.ts";
import { resultsName } from "./names.ts";

export interface ListedRun {
  readonly run: string;
  readonly end: string;
  readonly plannedAt: string;
  readonly steps: number;
  readonly durationMs?: number;
  readonly counts?: Readonly<Record<string, number>>;
}

export interface Step {
  readonly step: string;
  readonly why: readonly string[];
  readonly end: string;
  readonly startedAt?: string;
  readonly durationMs: number;
  readonly reason?: string;
  readonly outputs?: Readonly<Record<string, string>>;
  readonly metrics?: Readonly<Record<string, unknown>>;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly record?: string;
}

export interface Run {
  readonly run: string;
  readonly end: string;
  readonly startedAt?: string;
  readonly durationMs?: number;
  readonly steps: readonly Step[];
}

/** Returns the word for how a run of a pipeline ended. The service does not know whether one was killed. */
export function stateOfEnd(end: string): string {
  return end === "ok" ? "finished" : end === "unknown" ? "running or killed" : end;
}

export async function readRun(service: Service, run: string, signal: AbortSignal): Promise<Run> {
  return await service.json<Run>(`runs/${nameSegment(run)}`, { signal });
}

/** The parameters and metrics of a run, by step. */
export interface RunValues {
  readonly params?: Readonly<Record<string, object>>;
  readonly metrics?: Readonly<Record<string, object>>;
}

/** Reads the parameters and metrics of the newest runs of a pipeline that have ended, by run. */
export async function readRunValues(
  service: Service,
  pipeline: string,
  { limit, signal }: { limit: number; signal: AbortSignal },
): Promise<ReadonlyMap<string, RunValues>> {
  const path = `${namePath(resultsName(pipeline))}/versions`;
  const query = { fields: "metadata", limit };
  const { items } = await service.json<{ items: Result[] }>(path, { query, signal });
  return new Map(
    items.flatMap(({ info: { metadata } = {} }) =>
      typeof metadata?.run === "string" ? [[metadata.run, metadata]] : []
    ),
  );
}

/** Reads the values that steps of open runs have logged so far, by run. */
export async function readOpenValues(
  service: Service,
  runs: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, RunValues>> {
  const read = runs.map(async (id) => {
    const run = await readRun(service, id, signal).catch(() => undefined); // it may be unreadable
    return run === undefined ? [] : [[id, valuesOf(run)] as const];
  });
  return new Map((await Promise.all(read)).flat());
}

function valuesOf({ steps }: Run): RunValues {
  const of = (key: "params" | "metrics") =>
    Object.fromEntries(steps.flatMap(({ step, [key]: values }) => values ? [[step, values]] : []));
  return { params: of("params"), metrics: of("metrics") };
}

interface Result {
  readonly info?: { readonly metadata?: RunValues & { readonly run?: unknown } };
}

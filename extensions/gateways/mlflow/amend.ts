// A run after a change, and what a change may not do.
import { Buffer } from "node:buffer";
import type { FileToSave } from "../../../materializers/mod.ts";
import type { ReadablePages } from "../../../apps/gateways.ts";
import { fileToSave, inTurns, isRegistryError, iterableStream } from "../../../core/kernel.ts";
import { noSuch, wrong } from "./errors.ts";
import { isModel, runIdOf } from "../../runs/mlflow/ids.ts";
import { LastMetrics, type Metric, type pointsOf } from "../../runs/mlflow/points.ts";
import {
  curveOf,
  freeCurvePath,
  type OpenedVersion,
  type RunTimes,
  type StoredRun,
} from "../../runs/mlflow/stored_run.ts";

/** A change of a run, as a request asks for it. */
export interface RunChange {
  readonly metrics?: readonly Metric[];
  readonly params?: ReadonlyMap<string, string>;
  /** `null` removes a tag. */
  readonly tags?: ReadonlyMap<string, string | null>;
  readonly times?: Partial<RunTimes>;
  readonly files?: readonly FileToSave[];
}

/** Throws `INVALID_PARAMETER_VALUE` for another value of a parameter. */
export function checkParams({ key, params }: StoredRun, given: ReadonlyMap<string, string>): void {
  for (const [name, value] of given) {
    const present = params.get(name);
    if (present === undefined || present === value) continue;
    throw wrong(
      `Changing param values is not allowed. Param with key='${name}' was already logged with ` +
        `value='${present}' for run ID='${runIdOf(key)}'. Attempted logging new value '${value}'`,
    );
  }
}

export function otherParam(error: unknown): unknown {
  const isOther = isRegistryError(error, "Conflict") && error.reason?.kind === "run_value_differs";
  return isOther ? wrong(`Changing param values is not allowed. ${error.message}`) : error;
}

export function checkRemoved(
  { key, tags }: StoredRun,
  given: ReadonlyMap<string, string | null>,
): void {
  for (const [name, value] of given) {
    if (value !== null || tags.has(name)) continue;
    throw noSuch(
      isModel(key)
        ? `No tag with key '${name}' found for model with ID '${runIdOf(key)}'.`
        : `No tag with name: ${name} in run with id ${runIdOf(key)}`,
    );
  }
}

/** Returns a run after a change. */
export function amended(
  run: StoredRun,
  { params, tags, times, metrics }:
    & Required<Pick<RunChange, "params" | "tags" | "metrics">>
    & RunChange,
): StoredRun {
  const changed = new Map(run.tags);
  for (const [name, value] of tags) {
    if (value === null) changed.delete(name);
    else changed.set(name, value);
  }
  const last = new LastMetrics();
  for (const metric of [...run.metrics, ...metrics]) last.add(metric);
  return {
    ...run,
    ...times,
    params: new Map([...run.params, ...params]),
    tags: changed,
    metrics: last.all,
  };
}

/** Returns the files of a run after a change, and that of its curves if there are new points. */
export async function contentWith(
  version: ReadablePages,
  files: readonly FileToSave[],
  points: ReturnType<typeof pointsOf>,
): Promise<{ content: FileToSave[]; curve?: FileToSave }> {
  const kept: FileToSave[] = [];
  for await (const page of version.pages()) {
    for await (const info of inTurns(page.info.files)) kept.push(fileToSave(page, info));
  }
  const curve = points.length === 0 ? undefined : await curveWith(version, points, kept);
  const added = curve === undefined ? files : [...files, curve];
  const taken = new Set(added.map(({ path }) => path));
  return { content: [...kept.filter(({ path }) => !taken.has(path)), ...added], curve };
}

/** Returns the curve of a version with further points, among the files that the next version keeps. */
async function curveWith(
  version: OpenedVersion,
  points: ReturnType<typeof pointsOf>,
  kept: readonly FileToSave[],
): Promise<FileToSave> {
  const lines = points.map((point) => `${JSON.stringify(point, notFinite)}\n`).join("");
  const added = Buffer.from(lines);
  const path = curveOf(version.info);
  if (path === undefined) {
    const taken = new Set(kept.map(({ path }) => path.split("/")[0]!));
    return { path: freeCurvePath(taken), content: added };
  }
  const file = await version.file(path);
  const stream = () =>
    iterableStream((async function* () {
      yield* file.stream();
      yield added;
    })());
  return { path, content: { size: file.info.size + added.byteLength, stream } };
}

function notFinite(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? `${value}` : value;
}

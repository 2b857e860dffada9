// A run as MLflow sees it, from its draft or its version.
import type { ArtifactInfo } from "../../../mod.ts";
import type { ArtifactFile } from "../../../materializers/mod.ts";
import { concatBytes, giveWay, isJsonObject, orMissing } from "../../../core/kernel.ts";
import { parsedJson } from "../../../core/kernel.ts";
import { experimentId, runIdOf, type RunKey } from "./ids.ts";
import { LastMetrics, type Metric, metricJson, metricsIn } from "./points.ts";

const NEWLINE = 10, decoder = new TextDecoder();

export { freeCurvePath } from "../curve_file.ts";

export const STATUSES = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"] as const;
export type Status = typeof STATUSES[number];

/** The status and the times of a run. */
export interface RunTimes {
  readonly status: Status;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly endedMs?: number;
}

export function hasEnded(status: Status): boolean {
  return status !== "RUNNING" && status !== "SCHEDULED";
}

export interface StoredRun extends RunTimes {
  readonly key: RunKey;
  readonly params: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
  /** The last value of each. */
  readonly metrics: readonly Metric[];
  /** The id of the token that began it. */
  readonly token?: string;
  readonly isDeleted?: boolean;
}

/** Tags with the times of a run that goes on. Clients do not see them. */
export const OWN_TAGS = {
  status: "holdfast.status",
  started: "holdfast.start_time",
  ended: "holdfast.end_time",
} as const;

export function isOwnTag(key: string): boolean {
  return key.startsWith("holdfast.");
}

/** Prefix of tags for models, inputs and outputs, which MLflow has no tags for. */
export const FACT = "holdfast:";
export const INPUT = `${FACT}input.`, OUTPUT = `${FACT}output.`;

/** Tags with the facts of a logged model. */
export const MODEL_FACTS = {
  name: `${FACT}model.name`,
  type: `${FACT}model.type`,
  run: `${FACT}model.run`,
};

/** Returns the tags that clients see. */
export function shownTags(tags: ReadonlyMap<string, string>): [key: string, value: string][] {
  return [...tags].filter(([key]) => !key.startsWith(FACT));
}

export function tagsOf({ status, startedMs, endedMs }: RunTimes): Record<string, string | null> {
  return {
    [OWN_TAGS.status]: status,
    [OWN_TAGS.started]: `${startedMs}`,
    [OWN_TAGS.ended]: endedMs === undefined ? null : `${endedMs}`,
  };
}

/** Returns the times in the tags of a run that goes on. Other programs begin runs without them. */
export function timesIn(tags: Readonly<Record<string, unknown>>, startedAt: Date): RunTimes {
  const numberOf = (key: string) => tags[key] === undefined ? undefined : Number(tags[key]);
  return {
    status: tags[OWN_TAGS.status] as Status | undefined ?? "RUNNING",
    startedMs: numberOf(OWN_TAGS.started) ?? startedAt.getTime(),
    endedMs: numberOf(OWN_TAGS.ended),
  };
}

/** Returns members as texts, as MLflow has them. */
export function textsOf(values: unknown): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(isJsonObject(values) ? values : {})) {
    texts.set(key, typeof value === "string" ? value : JSON.stringify(value));
  }
  return texts;
}

/** The member of the metadata of versions with what only MLflow has. */
interface Kept {
  status: Status;
  start_time: number;
  end_time?: number;
  /**
   * The time and step of each metric. Absent if they are too many, or if a value is -0, which metadata
   * does not have: the curve has them.
   */
  last?: Record<string, [timestamp: number, step: number]>;
}

/** Bytes of JSON. Metadata has 64 KiB, of which a run of this registry takes up to 56. */
const MOST_LAST = 6 * 1024, MOST_METRICS = 12 * 1024;

/** Returns the metadata of the version of a run, beside that which its points and facts give. */
export function metadataOf(run: Omit<StoredRun, "token">): Record<string, unknown> {
  const { key, params, tags, metrics, status, startedMs, endedMs } = run;
  const kept: Kept = { status, start_time: startedMs, end_time: endedMs };
  const last: Kept["last"] = Object.fromEntries(
    metrics.map(({ key, timestamp, step }) => [key, [timestamp, Math.round(step)]]),
  );
  const values = Object.fromEntries(
    metrics.map(({ key, value, text = plain(value) }) => [key, text]),
  );
  const fits = sizeOf(last) <= MOST_LAST && sizeOf(values) <= MOST_METRICS;
  if (fits && !metrics.some(({ value }) => Object.is(value, -0))) kept.last = last;
  return {
    params: Object.fromEntries(params),
    tags: Object.fromEntries(tags),
    ...(fits && { metrics: values }),
    run: {
      id: key.id,
      startedAt: new Date(startedMs).toISOString(),
      ...(status !== "FINISHED" && { failed: status }),
    },
    mlflow: withoutAbsent(kept),
  };
}

/** Returns a number as metadata has it: without -0, NaN and infinities. */
function plain(value: number): number | string {
  return Number.isFinite(value) ? value + 0 : `${value}`;
}

/** Returns the bytes of a value as JSON. */
export function sizeOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).byteLength;
}

function withoutAbsent<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(value).filter(([, each]) => each !== undefined),
  ) as Partial<T>;
}

/** A version, as far as a run needs it. */
export type RunVersion = Pick<ArtifactInfo, "name" | "metadata"> & {
  readonly createdAt: Date | string;
};

/** Returns the id of the run that saved a version; undefined for other versions. */
export function runIdIn({ metadata }: Pick<RunVersion, "metadata">): string | undefined {
  const { run } = metadata;
  return isJsonObject(run) && typeof run.id === "string" ? run.id : undefined;
}

/** Returns the run of a version, without metrics if they are only in its curve. */
export function runIn(
  { name, metadata, createdAt }: RunVersion,
): Omit<StoredRun, "metrics"> & { metrics?: Metric[] } {
  const { mlflow, params, tags, metrics } = metadata;
  const run = isJsonObject(metadata.run) ? metadata.run : {};
  const kept: Record<string, unknown> = isJsonObject(mlflow) ? mlflow : {};
  const saved = new Date(createdAt).getTime();
  const values = isJsonObject(metrics) ? metrics : {};
  const status = STATUSES.find((each) => each === kept.status);
  return {
    key: { name, id: runIdIn({ metadata }) ?? "" },
    status: status ?? (Object.hasOwn(run, "failed") ? "FAILED" : "FINISHED"),
    startedMs: timeIn(kept.start_time) ?? (Date.parse(String(run.startedAt)) || saved),
    endedMs: status === undefined ? saved : timeIn(kept.end_time),
    params: textsOf(params),
    tags: textsOf(tags),
    metrics: isJsonObject(kept.last) ? lastIn(kept.last, values) : undefined,
  };
}

function timeIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function lastIn(last: Record<string, unknown>, values: Record<string, unknown>): Metric[] {
  return Object.entries(last).flatMap(([key, at]) => {
    const [timestamp, step] = Array.isArray(at) ? at.map(Number) : [];
    if (timestamp === undefined || step === undefined) return [];
    const value = values[key], isText = typeof value === "string" && /^-?\d+$/.test(value);
    return [{ key, value: Number(value), timestamp, step, ...(isText && { text: value }) }];
  });
}

/** Returns the path of the file with the points of a version. */
export function curveOf({ metadata }: Pick<ArtifactInfo, "metadata">): string | undefined {
  const { run, curves } = metadata;
  const [path] = [curves].flat();
  return isJsonObject(run) && Number(run.points) > 0 && typeof path === "string" ? path : undefined;
}

/** An opened version, whose files may be in pages. */
export interface OpenedVersion {
  readonly info: Omit<ArtifactInfo, "files">;
  file(path: string): ArtifactFile | Promise<ArtifactFile>;
}

/** Yields the lines of the curve of a version. */
export async function* linesOf(version: OpenedVersion): AsyncGenerator<string> {
  const path = curveOf(version.info);
  if (path === undefined) return;
  const file = await orMissing((async () => await version.file(path))());
  if (file === undefined) return;
  for await (const { text } of textLines(file)) if (text !== "") yield text;
}

/** Yields the lines of a file from a byte on, and where the next one begins. */
export async function* textLines(file: ArtifactFile, offset = 0) {
  let open: Uint8Array[] = [], end = offset;
  const line = (bytes: Uint8Array, more: number) => {
    const all = concatBytes([...open, bytes]);
    open = [];
    end += all.length + more;
    return { text: decoder.decode(all), end };
  };
  for await (const part of file.stream({ offset })) {
    let from = 0;
    for (let to; (to = part.indexOf(NEWLINE, from)) >= 0; from = to + 1) {
      yield line(part.subarray(from, to), 1);
    }
    if (from < part.length) open.push(part.subarray(from));
  }
  if (open.length > 0) yield line(new Uint8Array(), 0);
}

/** Returns the run of a version, with the last value of each metric. */
export async function readVersion(version: OpenedVersion): Promise<StoredRun> {
  const run = runIn(version.info);
  const token = version.info.by?.token;
  if (run.metrics !== undefined) return { ...run, metrics: run.metrics, token };
  const last = new LastMetrics();
  for await (const line of linesOf(version)) {
    await giveWay();
    for (const metric of metricsIn(line, run.startedMs)) last.add(metric);
  }
  return { ...run, metrics: last.all, token };
}

/** The tag with the name of a run. */
export const NAME_TAG = "mlflow.runName";

/** Returns the name of a run: without a tag, as other programs begin runs, the end of its id. */
export function nameOfRun({ key, tags }: Pick<StoredRun, "key" | "tags">): string {
  return tags.get(NAME_TAG) ?? key.id.slice(-8);
}

/** Returns a run in the JSON of MLflow. */
export function runJson({ key, status, startedMs, endedMs, isDeleted, ...run }: StoredRun) {
  const runId = runIdOf(key), experiment = experimentId(key.name);
  const list = (texts: Iterable<[string, string]>) =>
    Array.from(texts, ([key, value]) => ({ key, value }));
  return {
    info: {
      run_id: runId,
      run_uuid: runId,
      run_name: nameOfRun({ key, tags: run.tags }),
      experiment_id: experiment,
      user_id: run.tags.get("mlflow.user") ?? "",
      status,
      start_time: startedMs,
      ...(endedMs !== undefined && { end_time: endedMs }),
      artifact_uri: artifactRoot(key),
      lifecycle_stage: isDeleted ? "deleted" : "active",
    },
    data: {
      metrics: run.metrics.map(metricJson),
      params: list(run.params),
      tags: list(shownTags(run.tags)),
    },
    inputs: {
      dataset_inputs: factsOf(run.tags, `${INPUT}data.`),
      model_inputs: factsOf(run.tags, `${INPUT}model.`),
    },
    outputs: { model_outputs: factsOf(run.tags, OUTPUT) },
  };
}

/** Returns inputs or outputs, each of which is a tag with its JSON. Other programs save any tags. */
export function factsOf(
  tags: ReadonlyMap<string, string>,
  prefix: string,
): Record<string, unknown>[] {
  return [...tags].filter(([key]) => key.startsWith(prefix))
    .map(([, value]) => parsedJson(value)).filter(isJsonObject);
}

export function artifactRoot(key: RunKey): string {
  return `mlflow-artifacts:/${experimentId(key.name)}/${runIdOf(key)}/artifacts`;
}

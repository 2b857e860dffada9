// Facts that all stores of MLflow have: ids that other facts name, tags and states.
import { isJsonObject, parsedJson } from "../../../../core/kernel.ts";
import { type DataSetInput, dataSetTags } from "../../../runs/mlflow/data_sets.ts";
import { runIdOf, type RunKey } from "../../../runs/mlflow/ids.ts";
import {
  FACT,
  INPUT,
  isOwnTag,
  MODEL_FACTS,
  OUTPUT,
  type RunTimes,
  type Status,
  STATUSES,
} from "../../../runs/mlflow/stored_run.ts";
import { changedEnd, type FoundModel, type FoundRun, type FoundVersion } from "../records.ts";
import type { NotImported } from "../records.ts";

const HISTORY_TAG = "mlflow.log-model.history", PARENT_TAG = "mlflow.parentRunId";

/** The runs and logged models of a store, by their ids there. */
export class KnownIds {
  readonly #names = new Map<string, string>();

  add(id: string, name: string): void {
    this.#names.set(id, name);
  }

  keyOf(id: string): RunKey | undefined {
    const name = this.#names.get(id);
    return name === undefined ? undefined : { name, id };
  }

  /** Returns the id that clients see from now on; that of an unknown run stays. */
  newId(id: string): string {
    const key = this.keyOf(id);
    return key === undefined ? id : runIdOf(key);
  }
}

/** Inputs and outputs of a run. */
export interface RunLinks {
  readonly datasets?: readonly DataSetInput[];
  readonly inputs?: readonly string[];
  readonly outputs?: readonly { model: string; step: number }[];
}

/** Members of a run or a logged model, as a store has them. */
export type Members = Readonly<Record<string, unknown>>;

/** A run or a logged model in a list. */
export interface ListedRun<M extends Members = Members> {
  readonly id: string;
  readonly name: string;
  readonly isModel: boolean;
  readonly members: M;
}

interface StoredFacts extends RunLinks, Omit<ListedRun, "name"> {
  readonly tags: ReadonlyMap<string, string>;
}

/** Returns the tags of a run or a logged model, and how many it has here if nothing of it is lost. */
export function keptTags(
  ids: KnownIds,
  { id, isModel, members, tags, ...links }: StoredFacts,
  problems: string[],
): { tags: Map<string, string>; count: number } {
  if (isModel) {
    const all = tagsOfRun(ids, { tags, problems });
    all.set(MODEL_FACTS.name, textOf(members.name) ?? id);
    const type = textOf(members.model_type), run = textOf(members.source_run_id);
    if (type) all.set(MODEL_FACTS.type, type);
    if (run) all.set(MODEL_FACTS.run, ids.newId(run));
    return { tags: all, count: tags.size + 1 + (type ? 1 : 0) + (run ? 1 : 0) };
  }
  const { datasets = [], inputs = [], outputs = [] } = links;
  const runName = textOf(members.run_name), user = textOf(members.user_id);
  const count = tags.size + datasets.length + inputs.length + outputs.length +
    (runName && !tags.has("mlflow.runName") ? 1 : 0) + (user && !tags.has("mlflow.user") ? 1 : 0);
  return { tags: tagsOfRun(ids, { tags, runName, user, problems, ...links }), count };
}

/** Returns the tags of a run as they are here. */
function tagsOfRun(
  ids: KnownIds,
  { tags, runName, user, problems, datasets = [], inputs = [], outputs = [] }:
    & Pick<StoredFacts, "tags">
    & RunLinks
    & { runName?: string; user?: string; problems: string[] },
): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of tags) {
    if (isOwnTag(key) || key.startsWith(FACT)) problems.push(`the tag ${key} is reserved here`);
    else if (key === PARENT_TAG) all.set(key, ids.newId(value));
    else all.set(key, key === HISTORY_TAG ? historyOf(value, ids) : value);
  }
  if (runName && !all.has("mlflow.runName")) all.set("mlflow.runName", runName);
  if (user && !all.has("mlflow.user")) all.set("mlflow.user", user);
  for (const id of inputs) {
    const model_id = ids.newId(id);
    all.set(`${INPUT}model.${model_id}`, JSON.stringify({ model_id }));
  }
  for (const { model, step } of outputs) {
    const model_id = ids.newId(model);
    all.set(OUTPUT + model_id, JSON.stringify({ model_id, step }));
  }
  const kept = datasets.map(({ dataset, tags }) => ({ dataset: membersOf(dataset), tags }));
  for (const [key, fact] of dataSetTags(kept, all)) all.set(key, fact);
  return all;
}

const MEMBERS = ["name", "digest", "source_type", "source", "schema", "profile"];

/** Returns what clients see of a data set: stores have other members, and null for absent ones. */
function membersOf(dataset: DataSetInput["dataset"]): DataSetInput["dataset"] {
  const isKept = (name: string) => (dataset[name] ?? "") !== "" || MEMBERS.indexOf(name) < 2;
  return Object.fromEntries(MEMBERS.filter(isKept).map((name) => [name, dataset[name]]));
}

/** True if the tags of a run say that MLflow 2 logged a model among its artifacts. */
export function hasLoggedModel(tags: ReadonlyMap<string, string>): boolean {
  const models = parsedJson(tags.get(HISTORY_TAG) ?? "[]");
  return Array.isArray(models) &&
    models.some((model) => isJsonObject(model) && model.model_id === undefined);
}

/** Returns the models of MLflow 2 in a tag. The file `MLmodel` has their signatures. */
function historyOf(tag: string, ids: KnownIds): string {
  const models = parsedJson(tag);
  if (!Array.isArray(models)) return tag;
  return JSON.stringify(models.map((model) => {
    if (!isJsonObject(model)) return model;
    const { signature: _, saved_input_example_info: __, run_id, ...kept } = model;
    return { ...kept, ...typeof run_id === "string" && { run_id: ids.newId(run_id) } };
  }));
}

const MODEL_STATUS: Readonly<Record<string, Status>> = {
  1: "RUNNING",
  2: "FINISHED",
  3: "FAILED",
  PENDING: "RUNNING",
  READY: "FINISHED",
  FAILED: "FAILED",
};

/** Returns a state that a store has as a number or a word. */
export function statusOf(word: unknown, isModel = false): Status | undefined {
  const text = String(word ?? "");
  if (isModel) return MODEL_STATUS[text.replace(/^LOGGED_MODEL_(UPLOAD_)?/, "")];
  return STATUSES.find((status, i) => status === text || String(i + 1) === text);
}

/** Returns the times of a run, or those of a logged model: its creation and its last change. */
function boundsOf(members: Members): { start: unknown; startedMs?: number; endedMs?: number } {
  const { creation_timestamp, creation_timestamp_ms = creation_timestamp } = members;
  const { last_updated_timestamp, last_updated_timestamp_ms = last_updated_timestamp } = members;
  const { start_time: start = creation_timestamp_ms, end_time = last_updated_timestamp_ms } =
    members;
  return { start, startedMs: timeOf(start), endedMs: timeOf(end_time) };
}

/** Returns the status and the times of a run or a logged model. */
export function timesOf(members: Members, isModel: boolean, problems: string[]): RunTimes {
  const { start, startedMs, endedMs } = boundsOf(members);
  const status = statusOf(members.status, isModel);
  if (startedMs === undefined) problems.push(`its start is not a time: ${start}`);
  if (status === undefined) problems.push(`${members.status} is not a status`);
  const times = { status: status ?? "FAILED", startedMs: startedMs ?? 0 } as const;
  return { ...times, ...endedMs !== undefined && { endedMs } };
}

/** Reports what a store has deleted. */
export function deleted(what: string): NotImported {
  return { kind: "left", what, reason: "it is deleted" };
}

/** Orders runs and logged models by their end. */
export function byEnd(one: { members: Members }, other: { members: Members }): number {
  const [a, b] = [one, other].map(({ members }) => boundsOf(members))
    .map(({ startedMs = 0, endedMs = startedMs }) => endedMs);
  return a! - b!;
}

/** Returns a run with its end, or with its last change if it is a logged model. */
export function foundRun(
  { name, id, members }: ListedRun,
  open: FoundRun["open"],
): FoundRun {
  const { endedMs } = boundsOf(members);
  return { kind: "run", key: { name, id }, changed: (here) => changedEnd({ endedMs }, here), open };
}

/** Returns a time; undefined for anything else. */
export function timeOf(value: unknown): number | undefined {
  if (value === null || value === undefined || value === "") return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) && Math.abs(number) <= 8.64e15 ? number : undefined;
}

/** A version of a registered model, as a store has it. */
export interface StoredVersion {
  readonly version: string;
  readonly source: string;
  readonly location?: string;
  readonly run?: string;
  readonly model?: string;
  readonly link?: string;
  readonly stage?: string;
  readonly created?: number;
  readonly user?: string;
  readonly notes?: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** Returns a version by members that the stores of MLflow have alike. */
export function storedVersion(
  facts: Readonly<Record<string, unknown>>,
  labels: StoredVersion["labels"],
): StoredVersion {
  return {
    version: `${facts.version ?? ""}`,
    source: textOf(facts.source) ?? "",
    location: textOf(facts.storage_location),
    run: textOf(facts.run_id),
    model: textOf(facts.model_id),
    link: textOf(facts.run_link),
    stage: textOf(facts.current_stage),
    created: timeOf(facts.creation_timestamp ?? facts.creation_time),
    user: textOf(facts.user_id),
    notes: textOf(facts.description),
    labels,
  };
}

/** Returns a string that is not empty. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Returns the run or logged model and the folder that a source names. */
export function placeOf(ids: KnownIds, source: string): FoundVersion["from"] {
  const [, id = "", path = ""] = /^runs:\/+([^/]+)\/?([^]*)$/.exec(source) ??
    /^models:\/+(m-[^/]+)\/?([^]*)$/.exec(source) ??
    /\/([^/]+)\/artifacts(?:\/([^]*))?$/.exec(source) ?? [];
  const run = ids.keyOf(id);
  return run && { run, folder: path.replace(/\/+$/, "") };
}

/** Returns a version as it is here; undefined for a number that it cannot have. */
export function foundVersion(
  ids: KnownIds,
  stored: StoredVersion,
  open: (places: string[], from: FoundVersion["from"]) => ReturnType<FoundVersion["open"]>,
): FoundVersion | undefined {
  const { version, source, location, run, model, link, stage, created, user, ...rest } = stored;
  if (!/^[1-9]\d{0,14}$/.test(version)) return undefined;
  const from = placeOf(ids, source) ??
    (location === undefined ? undefined : placeOf(ids, location));
  const own = from && `${from.run.id.startsWith("m-") ? "models" : "runs"}:/${runIdOf(from.run)}`;
  const kept = {
    source: from ? [own, from.folder].filter(Boolean).join("/") : source,
    run_id: run && ids.newId(run),
    model_id: model && ids.newId(model),
    run_link: link,
    stage: stage === "None" ? undefined : stage,
    creation_timestamp: created,
    user_id: user,
  };
  const mlflow = Object.fromEntries(Object.entries(kept).filter(([, value]) => value));
  return {
    version: `${version}.0.0`,
    ...rest,
    metadata: { mlflow },
    ...from && { from },
    open: () => open([location ?? "", source].filter((place) => place !== ""), from),
  };
}

/** Returns why a registered model is left out: it has no versions, or MLflow keeps a prompt in it. */
export function modelLeft(
  labels: ReadonlyMap<string, string>,
  versions: readonly StoredVersion[],
): string | undefined {
  if (labels.get("mlflow.prompt.is_prompt")?.toLowerCase() === "true") return "it is a prompt";
  return versions.length === 0 ? "it has no versions" : undefined;
}

/** Returns the aliases of a model. A stage is an alias of its newest version. */
export function aliasesOf(
  aliases: ReadonlyMap<string, string>,
  versions: readonly StoredVersion[],
): FoundModel["aliases"] {
  const all = new Map<string, string>();
  for (
    const { version, stage = "" } of versions.toSorted((a, b) =>
      Number(a.version) - Number(b.version)
    )
  ) {
    if (/^(production|staging)$/i.test(stage)) all.set(stage.toLowerCase(), `${version}.0.0`);
  }
  for (const [alias, version] of aliases) all.set(alias, `${version}.0.0`);
  return all;
}

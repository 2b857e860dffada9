// Versions, and runs that are not finished, as rows: their facts, and every key of their metadata.
import { sortByField } from "../../../../apps/difference/sort_by_field.ts";
import { fromMetadata } from "../../../../core/text/comparing.ts";
import { isJsonObject } from "../../../../core/text/json_text.ts";
import { endStateOf } from "../../../../core/registry/conditions/end_state.ts";
import { isTextNumber, TextNumbers } from "../../../../apps/metadata_text.ts";
import { parseQuery, searchText } from "../../../../apps/server/search/query.ts";
import type { ListedVersion } from "../../api/artifacts.ts";
import type { LoggedRun } from "../../api/logged_runs.ts";
import type { Alias } from "../../api/names.ts";
import { isBroken } from "../../components/state_tag.ts";
import { queryOf } from "../../api/search.ts";
import { jsonText } from "../../format/short_number.ts";

export interface Experiment {
  readonly name: string;
  /** Its version number; of a run that is none yet, its id after `run:`. */
  readonly version: string;
  /** Present for a run that is not finished. */
  readonly run?: Pick<LoggedRun, "id" | "points">;
  readonly values: ReadonlyMap<string, unknown>;
  /** Why its record cannot be read. */
  readonly problem?: string;
  readonly found: Parameters<typeof searchText>[0];
  /** Words of a filter are searched in it. */
  readonly text: string;
}

const MOST_DEPTH = 4;

/** The rows of versions that were listed, by the aliases that they show. */
const rowsOfVersions = new WeakMap<readonly Alias[], WeakMap<ListedVersion, Experiment>>();

const NONE: ReadonlySet<string> = new Set();

/**
 * Returns the rows of versions. Reuses earlier rows whose aliases are the same.
 *
 * @param shown labels that extensions show: of an object, the number of its members
 */
export function experimentsOf(
  versions: readonly ListedVersion[],
  aliases: readonly Alias[],
  shown: ReadonlySet<string> = NONE,
): Experiment[] {
  const before = rowsOfVersions.get(aliases) ?? new WeakMap<ListedVersion, Experiment>();
  rowsOfVersions.set(aliases, before);
  const byVersion = Map.groupBy(aliases, ({ version }) => version);
  return versions.map((listed) => {
    const row = before.get(listed) ?? experimentOf(listed, byVersion, shown);
    before.set(listed, row);
    return row;
  });
}

function experimentOf(
  { name, version, modifiedAt, info, error }: ListedVersion,
  byVersion: ReadonlyMap<string, readonly Alias[]>,
  shown: ReadonlySet<string>,
): Experiment {
  const own = (byVersion.get(version) ?? []).map(({ alias }) => alias);
  const { notes, labels = {} } = info?.annotations ?? {};
  const { metadata = {}, materializer: { id: kind } = { id: "" } } = info ?? {};
  const createdAt = info?.createdAt ?? modifiedAt;
  const { size } = info ?? {};
  const values = new Map<string, unknown>([
    ["version", version],
    ["aliases", own.join(" ")],
    ["kind", kind],
    ["files", info?.files.length],
    ["size", size],
    ["saved", Date.parse(createdAt)],
  ]);
  const state = endStateOf(metadata);
  if (state !== undefined) values.set("state", state);
  if (state !== undefined && isJsonObject(metadata.run)) {
    const { id, failed } = metadata.run;
    values.set("run", runName(metadata.tags) ?? id);
    if (state === "failed" && typeof failed === "string") values.set("reason", failed);
  }
  if (notes !== undefined) values.set("notes", notes);
  addMembers(values, "metadata", metadata, 0);
  for (const [key, label] of Object.entries(labels)) {
    const isShown = shown.has(key) && isJsonObject(label);
    addMembers(values, "labels", { [key]: isShown ? Object.keys(label).length : label }, 0);
  }
  const facts = { name, version, aliases: own, kind, size, createdAt };
  const found = { ...facts, metadata, labels, notes };
  const text = searchText(found);
  return { name, version, values, found, text, ...error && { problem: error.detail } };
}

/** Returns the name that the clients of MLflow and W&B give to a run, in its tags. */
function runName(tags: unknown): string | undefined {
  const name = isJsonObject(tags) ? tags["mlflow.runName"] : undefined;
  return typeof name === "string" && name !== "" ? name : undefined;
}

/** Returns the name of a row's run; of an id that nobody chose, its random end. */
export function shortRunName({ values }: Pick<Experiment, "values">): string {
  const name = String(values.get("run"));
  return /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(name) ? name.slice(-12) : name;
}

/** Returns the rows of runs that are not finished. */
export function experimentsOfRuns(runs: readonly LoggedRun[]): Experiment[] {
  return runs.map((run) => {
    const { name, id, state, reason, params, tags, metrics, lastAt: createdAt } = run;
    const version = `run:${id}`;
    const metadata = { ...metrics && { metrics }, params, ...tags && { tags } };
    const values = new Map<string, unknown>([
      ["run", runName(tags) ?? id],
      ["state", state],
      ["saved", Date.parse(createdAt)],
    ]);
    if (reason !== undefined) values.set("reason", reason);
    addMembers(values, "metadata", metadata, 0);
    const found = { name, version: id, aliases: [], metadata, kind: "run", createdAt, state };
    return { name, version, run, values, found, text: `${searchText(found)}\n${reason ?? ""}` };
  });
}

/** States of runs that may go on. They come first. */
const OPEN: ReadonlySet<unknown> = new Set([
  "running",
  "running or killed",
  "silent",
  "finishing",
]);

/** Returns rows with runs that go on before the versions, and those that ended among them by time. */
export function withRuns(
  versions: readonly Experiment[],
  runs: readonly Experiment[],
): readonly Experiment[] {
  if (runs.length === 0) return versions;
  const { open = [], ended = [] } = Object.groupBy(
    runs.toSorted((a, b) => timeOf(b) - timeOf(a)),
    ({ values }) => OPEN.has(values.get("state")) ? "open" : "ended",
  );
  const rows = [...open];
  for (const row of versions) {
    while (ended[0] !== undefined && timeOf(ended[0]) > timeOf(row)) rows.push(ended.shift()!);
    rows.push(row);
  }
  return [...rows, ...ended];
}

const timeOf = ({ values }: Experiment) => Number(values.get("saved"));

function addMembers(values: Map<string, unknown>, at: string, value: object, depth: number) {
  for (const [key, each] of Object.entries(value)) {
    const isObject = typeof each === "object" && each !== null;
    const name = `${at}.${key}`;
    if (isObject && !Array.isArray(each) && depth < MOST_DEPTH) {
      addMembers(values, name, each, depth + 1);
    } else values.set(name, isObject ? jsonText(each) : fromMetadata(each));
  }
}

/** Returns the values of metadata by their keys, such as `metadata.metrics.accuracy`. */
export function metadataValues(metadata: object): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>();
  addMembers(values, "metadata", metadata, 0);
  return values;
}

/** True for a version of a run that failed or was killed. */
export function isFailed({ values }: Pick<Experiment, "values">): boolean {
  return isBroken(values.get("state"));
}

/** Returns a value as a number, also one that was saved as text; NaN if it is none. */
export function numberAt({ values }: Pick<Experiment, "values">, key: string): number {
  return numberFrom(values.get(key));
}

/** Returns a number, also one in text; NaN of another value. */
export function numberFrom(value: unknown): number {
  return typeof value === "number" || isTextNumber(value) ? Number(value) : NaN;
}

/** Returns sentences about numbers in text that the filter or the order compares. */
export function textNumbersOf(
  experiments: readonly Experiment[],
  { filter, sort }: { filter: string; sort: string },
): string[] {
  const { numberFields } = parseQuery(queryOf(filter));
  const numbers = new TextNumbers([
    ...sort === "" ? [] : [sort.replace(/^-/, "")],
    ...numberFields,
  ]);
  for (const { values } of experiments) numbers.add((field) => values.get(field));
  return numbers.notes;
}

/** Words of filters for states that are not certain. */
const STATES: Readonly<Record<string, readonly string[]>> = {
  "running or killed": ["running", "killed", "running or killed"],
  silent: ["silent", "running", "killed"],
};

/** Returns the states that a filter finds a row by. */
export function statesOf(state = ""): readonly string[] {
  return STATES[state] ?? [state];
}

/**
 * Returns the rows that meet all conditions, in the order of a column (`-` before its key turns it
 * round). Rows without a value come last.
 *
 * @throws {RegistryError} `Invalid` for conditions that cannot be parsed
 */
export function chooseExperiments(
  experiments: readonly Experiment[],
  { filter, sort }: { filter: string; sort: string },
): readonly Experiment[] {
  const matches = parseQuery(queryOf(filter));
  const matching = filter.trim() === ""
    ? experiments
    : experiments.filter(({ found, text }) =>
      found.state === undefined
        ? matches(found, text)
        : statesOf(found.state).some((state) => matches({ ...found, state }, text))
    );
  return sort === "" ? matching : sortByField(matching, sort, ({ values }, key) => values.get(key));
}

// Versions as rows whose columns are their facts and every key of their metadata and labels.
import { fromMetadata, sortByField } from "../../../../core/text/comparing.ts";
import { isTextNumber, TextNumbers } from "../../../../core/text/text_numbers.ts";
import { parseQuery, searchText } from "../../../../apps/server/search/query.ts";
import type { ListedVersion } from "../../api/artifacts.ts";
import type { Alias } from "../../api/names.ts";
import { queryOf } from "../../api/search.ts";

export interface Experiment {
  readonly name: string;
  readonly version: string;
  readonly values: ReadonlyMap<string, unknown>;
  /** Why its record cannot be read. */
  readonly problem?: string;
  readonly found: Parameters<typeof searchText>[0];
  /** Words of a filter are searched in it. */
  readonly text: string;
}

export interface ExperimentColumn {
  /** `metadata.accuracy`, or a fact: `version`, `aliases`, `kind`, `files`, `size`, `saved`. */
  readonly key: string;
  readonly title: string;
  /** All values are numbers, some perhaps in text. */
  readonly isNumber: boolean;
  /** Of measures: which values are better, by the name or by choice. */
  readonly better?: "high" | "low";
  readonly best?: number;
}

const BETTER = ["high", "low", "none"] as const;

/** More keys are left out. */
const MOST_KEYS = 200;
const MOST_DEPTH = 4;
/** Keys that are shown at first. With no more, those of older versions are found too. */
const MOST_USUAL = 20;
/** In an address. More are asked for as all metadata. */
const MOST_FIELD_BYTES = 4000;

/** The rows of versions that were listed, by the aliases that they show. */
const made = new WeakMap<readonly Alias[], WeakMap<ListedVersion, Experiment>>();

/** Returns the rows of versions. Reuses earlier rows whose aliases are the same. */
export function experimentsOf(
  versions: readonly ListedVersion[],
  aliases: readonly Alias[],
): Experiment[] {
  const before = made.get(aliases) ?? new WeakMap<ListedVersion, Experiment>();
  made.set(aliases, before);
  const byVersion = Map.groupBy(aliases, ({ version }) => version);
  return versions.map((listed) => {
    const row = before.get(listed) ?? experimentOf(listed, byVersion);
    before.set(listed, row);
    return row;
  });
}

function experimentOf(
  { name, version, modifiedAt, info, error }: ListedVersion,
  byVersion: ReadonlyMap<string, readonly Alias[]>,
): Experiment {
  const own = (byVersion.get(version) ?? []).map(({ alias }) => alias);
  const { notes, labels = {} } = info?.annotations ?? {};
  const { metadata = {}, materializer: { id: kind } = { id: "" } } = info ?? {};
  const createdAt = info?.createdAt ?? modifiedAt;
  const values = new Map<string, unknown>([
    ["version", version],
    ["aliases", own.join(" ")],
    ["kind", kind],
    ["files", info?.files.length],
    ["size", info?.size],
    ["saved", Date.parse(createdAt)],
  ]);
  if (notes !== undefined) values.set("notes", notes);
  addMembers(values, "metadata", metadata, 0);
  addMembers(values, "labels", labels, 0);
  const found = { name, version, aliases: own, metadata, labels, notes, kind, createdAt };
  const text = searchText(found);
  return { name, version, values, found, text, ...error && { problem: error.detail } };
}

function addMembers(values: Map<string, unknown>, at: string, value: object, depth: number) {
  for (const [key, each] of Object.entries(value)) {
    const isObject = typeof each === "object" && each !== null;
    const name = `${at}.${key}`;
    if (isObject && !Array.isArray(each) && depth < MOST_DEPTH) {
      addMembers(values, name, each, depth + 1);
    } else values.set(name, isObject ? JSON.stringify(each) : fromMetadata(each));
  }
}

/** Returns a value as a number, also one that was saved as text; NaN if it is none. */
export function numberAt({ values }: Pick<Experiment, "values">, key: string): number {
  return numberFrom(values.get(key));
}

function numberFrom(value: unknown): number {
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

const FACTS: readonly ExperimentColumn[] = [
  { key: "version", title: "Version", isNumber: false },
  { key: "aliases", title: "Aliases", isNumber: false },
  { key: "kind", title: "Kind", isNumber: false },
  { key: "files", title: "Files", isNumber: true },
  { key: "size", title: "Size", isNumber: true },
  { key: "saved", title: "Saved", isNumber: true },
];

const LESS = /loss|error|err\b|\b(r?mse|mae|mape|nll|bce|wer|cer|fid)\b|perplexity|latency/i;
const MORE = /acc(uracy)?\b|\b(auc|auroc|f1|r2|map|iou|dice|bleu|rouge|score)\b|precision|recall/i;

/** Returns which values are better, by the name of a key. */
export function usualBetter(key: string): typeof BETTER[number] {
  const title = key.replace(MEMBER, "");
  const word = title.replaceAll(/[_.-]/g, " ");
  return LESS.test(word) || LESS.test(title) ? "low" : MORE.test(word) ? "high" : "none";
}

const MEMBER = /^(?:metadata|labels)\./;

/**
 * Returns all columns: version and aliases, members in order of appearance, the other facts.
 * `chosen` overrides which values are better: `low:metadata.energy`, `none:metadata.score`.
 */
export function columnsOf(
  experiments: readonly Experiment[],
  chosen: readonly string[] = [],
): ExperimentColumn[] {
  const keys = new Map<string, Range>();
  for (const { values } of experiments) {
    for (const [key, value] of values) {
      if (!MEMBER.test(key) || value === null || value === undefined) continue;
      const known = keys.get(key);
      if (known === undefined && keys.size >= MOST_KEYS) continue;
      keys.set(key, rangeWith(value, known));
    }
  }
  const own = [...keys].map(([key, range]) => columnOf(key, range, chosen));
  const notes = experiments.some(({ values }) => values.has("notes"))
    ? [{ key: "notes", title: "Notes", isNumber: false }]
    : [];
  return [...FACTS.slice(0, 2), ...own, ...notes, ...FACTS.slice(2)];
}

/** Returns how many keys have no column. */
export function keysLeftOut(
  experiments: readonly Experiment[],
  columns: readonly ExperimentColumn[],
): number {
  const known = columns.filter(({ key }) => MEMBER.test(key)).length;
  if (known < MOST_KEYS) return 0;
  const keys = new Set(experiments.flatMap(({ values }) => [...values.keys()]));
  return [...keys].filter((key) => MEMBER.test(key)).length - known;
}

/** The values of a key: whether all are numbers, and the smallest and the largest finite one. */
type Range = { isNumber: boolean; min: number; max: number };

function rangeWith(
  value: unknown,
  { isNumber, min, max }: Range = { isNumber: true, min: Infinity, max: -Infinity },
): Range {
  const number = numberFrom(value);
  if (!Number.isFinite(number)) {
    return { isNumber: isNumber && typeof value === "number", min, max };
  }
  return { isNumber, min: Math.min(min, number), max: Math.max(max, number) };
}

function columnOf(
  key: string,
  { isNumber, min, max }: Range,
  chosen: readonly string[],
): ExperimentColumn {
  const title = key.replace(MEMBER, "");
  const is = (better: string) => chosen.includes(`${better}:${key}`);
  const better = BETTER.find(is) ?? usualBetter(key);
  if (!isNumber || better === "none") return { key, title, isNumber };
  const best = better === "low" ? min : max;
  return { key, title, isNumber, better, ...min < max && { best } };
}

/** Returns the keys that are shown at first: facts that say nothing are left out. */
export function usualKeys(
  columns: readonly ExperimentColumn[],
  experiments: readonly Experiment[],
): string[] {
  const differs = (key: string) =>
    new Set(experiments.map(({ values }) => values.get(key))).size > 1;
  const has = (key: string) => experiments.some(({ values }) => values.get(key) !== "");
  let members = 0;
  return columns.map(({ key }) => key).filter((key) =>
    MEMBER.test(key)
      ? ++members <= MOST_USUAL
      : key === "aliases"
      ? has(key)
      : key !== "kind" && key !== "files" || differs(key)
  );
}

/** Returns the fields to ask of versions: all metadata, or if that is large, those of `keys`. */
export function fieldsOf(
  columns: readonly ExperimentColumn[],
  { keys, isAll }: { keys: readonly string[]; isAll: boolean },
): readonly string[] {
  const own = columns.filter(({ key }) => key.startsWith("metadata.")).map(({ key }) => key);
  const asked = own.filter((key) => keys.includes(key));
  const isLong = asked.join().length > MOST_FIELD_BYTES || asked.some((key) => key.includes(","));
  return isAll || own.length <= MOST_USUAL || isLong ? ["metadata"] : asked;
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
  const kept = filter.trim() === ""
    ? experiments
    : experiments.filter(({ found, text }) => matches(found, text));
  return sort === "" ? kept : sortByField(kept, sort, ({ values }, key) => values.get(key));
}

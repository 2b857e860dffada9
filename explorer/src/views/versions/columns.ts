// The columns of versions: their facts, and keys of metadata and labels by the part that they play.
import {
  BETTER,
  type Better,
  MEMBER,
  PARAMETERS,
  usualBetter,
} from "../../../../core/text/better.ts";
import { type Experiment, isFailed, numberAt, numberFrom } from "./experiments.ts";

/** The part that a key plays. Measures are results of which some values are better. */
type Role = "measure" | "result" | "parameter" | "other";

export interface ExperimentColumn {
  /** `metadata.accuracy`, or a fact: `run`, `version`, `aliases`, `kind`, `files`, `size`, `saved`. */
  readonly key: string;
  /** A unique name: the key without `metadata.`, and without `metrics.` or `params.` if it can. */
  readonly title: string;
  /** All values are numbers, some perhaps in text. */
  readonly isNumber: boolean;
  /** Absent of facts. */
  readonly role?: Role;
  /** The heading that it shares with its neighbors, such as `Parameters · optimizer`. */
  readonly group?: string;
  /** The name below the heading of its group: `rate` of `optimizer.rate`. */
  readonly short?: string;
  /** Of measures: which values are better, by the name or by choice. */
  readonly better?: "high" | "low";
  /** The best value of versions whose run did not fail. */
  readonly best?: number;
}

/** True for a row with the best value of a column, which has a ★. */
export function isBest(row: Pick<Experiment, "values">, { key, best }: ExperimentColumn): boolean {
  return best !== undefined && !isFailed(row) && numberAt(row, key) === best;
}

/** More keys of a kind are left out, so that hundreds of results leave room for parameters. */
const MOST_KEYS = 200;
/** Keys that are shown at first. With no more, those of older versions are found too. */
const MOST_USUAL = 20;
/** In an address. More are asked for as all metadata. */
const MOST_FIELD_BYTES = 4000;

const FACTS: readonly ExperimentColumn[] = [
  { key: "run", title: "Run", isNumber: false },
  { key: "version", title: "Version", isNumber: false },
  { key: "aliases", title: "Aliases", isNumber: false },
  { key: "state", title: "State", isNumber: false },
  { key: "kind", title: "Kind", isNumber: false },
  { key: "files", title: "Files", isNumber: true },
  { key: "size", title: "Size", isNumber: true },
  { key: "saved", title: "Saved", isNumber: true },
  { key: "reason", title: "Reason", isNumber: false },
];

/** Facts that only runs have. */
const FACTS_OF_RUNS: ReadonlySet<string> = new Set(["run", "state", "reason"]);

/** Results by the name of a key: time and space that a run took. */
const TAKEN = /\b(seconds|minutes|hours|duration|runtime|elapsed|throughput|memory)$/i;

const RESULTS = /^(?:metrics?|results?|scores|summary)\./i;

/**
 * Returns all columns: version and aliases, measures, other results, parameters, other keys, and
 * the other facts. Keys are in the order of the version with the most keys, so that a version with
 * fewer moves none. `chosen` overrides which values are better: `low:metadata.energy`,
 * `none:metadata.score`.
 */
export function columnsOf(
  experiments: readonly Pick<Experiment, "values">[],
  chosen: readonly string[] = [],
): ExperimentColumn[] {
  const ranges = rangesOf(experiments);
  const hasParameters = [...ranges.keys()].some((key) => PARAMETERS.test(bareOf(key)));
  const own = withBests(ranges).map(([key, range]) =>
    columnOf(key, range, { chosen, hasParameters, last: lastOf(key, ranges) })
  );
  const notes = experiments.some(({ values }) => values.has("notes"))
    ? [{ key: "notes", title: "Notes", isNumber: false }]
    : [];
  const facts = FACTS.filter(({ key }) =>
    !FACTS_OF_RUNS.has(key) || experiments.some(({ values }) => values.has(key))
  );
  const first = facts.findIndex(({ key }) => key === "kind");
  return [...facts.slice(0, first), ...inOrder(named(own)), ...notes, ...facts.slice(first)];
}

const ROLES: readonly Role[] = ["measure", "result", "parameter", "other"];

/** Returns columns by their role, and those of a group beside each other. */
function inOrder(columns: readonly ExperimentColumn[]): ExperimentColumn[] {
  return ROLES.flatMap((role) => {
    const own = columns.filter((column) => column.role === role);
    return [...Map.groupBy(own, ({ group }) => group).values()].flat();
  });
}

/** Shortens titles that stay unique, also beside the facts: then `metadata.saved` is the whole key. */
function named(columns: readonly ExperimentColumn[]): ExperimentColumn[] {
  const titles = columns.map(({ key }) => bareOf(key).replace(RESULTS, "").replace(PARAMETERS, ""));
  const count = Map.groupBy(titles, (title) => title);
  const isFact = (title: string) => FACTS.some((fact) => fact.title === title);
  return columns.map((column, i) => {
    const title = count.get(titles[i]!)?.length === 1 ? titles[i]! : column.title;
    return { ...column, title: isFact(title) ? column.key : title };
  });
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

/**
 * The values of a key: whether all are numbers, and the smallest and the largest finite one of runs
 * that did not fail.
 */
type Range = { isNumber: boolean; min: number; max: number };

function rangesOf(experiments: readonly Pick<Experiment, "values">[]): ReadonlyMap<string, Range> {
  const keys = new Map<string, Range>();
  const [first] = experiments;
  if (first === undefined) return keys;
  const fullest = experiments.reduce((a, b) => b.values.size > a.values.size ? b : a, first);
  const counts = new Map<string, number>();
  const leftOut = new Set<string>();
  const hasRoom = (key: string) => {
    if (leftOut.has(key)) return false;
    const kind = kindOf(key);
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    if (count >= MOST_KEYS) leftOut.add(key);
    return count < MOST_KEYS;
  };
  for (const { values } of [fullest, ...experiments]) {
    const hasFailed = isFailed({ values });
    for (const [key, value] of values) {
      if (!MEMBER.test(key) || value === null || value === undefined) continue;
      const known = keys.get(key);
      if (known === undefined && !hasRoom(key)) continue;
      keys.set(key, rangeWith(value, { before: known, hasFailed }));
    }
  }
  return keys;
}

/** Returns the kind of a key, each of which has room for others. */
function kindOf(key: string): string {
  if (usualBetter(key) !== "none") return "measure";
  return RESULTS.test(bareOf(key)) ? "result" : "other";
}

const NO_VALUES: Range = { isNumber: true, min: Infinity, max: -Infinity };

function rangeWith(
  value: unknown,
  { before = NO_VALUES, hasFailed }: { before?: Range; hasFailed: boolean },
): Range {
  const { isNumber, min, max } = before;
  const number = numberFrom(value);
  if (!Number.isFinite(number)) {
    return { isNumber: isNumber && typeof value === "number", min, max };
  }
  if (hasFailed) return before;
  return { isNumber, min: Math.min(min, number), max: Math.max(max, number) };
}

function columnOf(
  key: string,
  { isNumber, min, max }: Range,
  { chosen, hasParameters, last }: {
    chosen: readonly string[];
    hasParameters: boolean;
    /** The key of the last value, of one that is the best. */
    last: string | undefined;
  },
): ExperimentColumn {
  const title = bareOf(key);
  const is = (better: string) => chosen.includes(`${better}:${key}`);
  const better = isNumber ? BETTER.find(is) ?? usualBetter(key) : "none";
  const role = roleOf(key, better, hasParameters);
  const { group, short } = placeOf(last ?? key, role);
  const suffix = last === undefined ? "" : key.slice(last.length);
  const column = { key, title, isNumber, role, group, short: short + suffix };
  if (better === "none") return column;
  const best = better === "low" ? min : max;
  return { ...column, better, ...min < max && { best } };
}

function roleOf(key: string, better: Better, hasParameters: boolean): Role {
  const title = bareOf(key);
  if (better !== "none") return "measure";
  if (key.startsWith("labels.")) return "other";
  if (PARAMETERS.test(title)) return "parameter";
  if (RESULTS.test(title) || TAKEN.test(title.replaceAll(/[_.-]/g, " "))) return "result";
  return hasParameters ? "other" : "parameter";
}

const HEADINGS: Readonly<Record<Role, string>> = {
  measure: "Metrics",
  result: "Results",
  parameter: "Parameters",
  other: "Other keys",
};

/** Returns the heading over a key, and its name below that. */
function placeOf(key: string, role: Role): { group: string; short: string } {
  const title = bareOf(key);
  const isLabel = key.startsWith("labels.") && role === "other";
  const path = title.replace(role === "parameter" ? PARAMETERS : RESULTS, "").split(".");
  const short = path.pop() ?? title;
  return { group: [isLabel ? "Labels" : HEADINGS[role], ...path].join(" · "), short };
}

/** Returns keys with those of best values behind those of the last ones. */
function withBests(ranges: ReadonlyMap<string, Range>): [string, Range][] {
  const bests = Map.groupBy(ranges, ([key]) => lastOf(key, ranges) ?? "");
  return (bests.get("") ?? []).flatMap((last) => [last, ...bests.get(last[0]) ?? []]);
}

/** Returns the key of the last value of a curve, of that of its best one: `metrics.loss.min`. */
export function lastOf(key: string, keys: { has(key: string): boolean }): string | undefined {
  const last = key.replace(/\.(?:min|max)$/, "");
  return last !== key && keys.has(last) ? last : undefined;
}

function bareOf(key: string): string {
  return key.replace(MEMBER, "");
}

/** Facts about a run that say little beside its values. */
const OF_RUN =
  /^metadata\.(curves|run\.(id|startedAt|points|step|failed|metricsLeftOut)|metrics\.step|tags\.mlflow\.runName)$/;
/** Facts that a step of a pipeline adds to its outputs. */
const OF_STEP = /^metadata\.(pipeline|end|step|node|operator|code|effect|inputs\..*)$/;

/**
 * Returns the keys that are shown at first, in their order. Facts that say nothing are left out. Of
 * many results, a few come before the parameters, those that differ first, and the others behind.
 */
export function usualKeys(
  columns: readonly ExperimentColumn[],
  experiments: readonly Experiment[],
): string[] {
  const differs = (key: string) => differsIn(experiments, key);
  const ofVersions = experiments.filter(({ run }) => run === undefined);
  const has = (key: string) => experiments.some(({ values }) => (values.get(key) ?? "") !== "");
  const isOfPipeline = columns.some(({ key }) => key === "metadata.pipeline");
  const isUsual = ({ key }: ExperimentColumn) =>
    MEMBER.test(key)
      ? !OF_RUN.test(key) && !(isOfPipeline && OF_STEP.test(key))
      : key === "aliases" || key === "version"
      ? has(key)
      : key === "state"
      ? experiments.some(isFailed) || differs(key)
      : key !== "kind" && key !== "files" || differsIn(ofVersions, key);
  const usual = columns.filter(isUsual);
  const members = membersInOrder(usual.filter(({ key }) => MEMBER.test(key)), differs);
  const facts = usual.filter(({ key }) => !MEMBER.test(key)).map(({ key }) => key);
  const first = facts.findLastIndex((key) => FIRST.has(key)) + 1;
  return [...facts.slice(0, first), ...members.slice(0, MOST_USUAL), ...facts.slice(first)];
}

function differsIn(rows: readonly Experiment[], key: string): boolean {
  return new Set(rows.map(({ values }) => values.get(key))).size > 1;
}

/** Facts before the keys of metadata. */
const FIRST: ReadonlySet<string> = new Set(["run", "version", "aliases", "state"]);
/** Metrics and other results before the parameters. */
const FIRST_RESULTS = 6;

function membersInOrder(
  columns: readonly ExperimentColumn[],
  differs: (key: string) => boolean,
): string[] {
  const of = (...roles: Role[]) =>
    columns.filter(({ role = "other" }) => roles.includes(role)).map(({ key }) => key);
  const [results, parameters] = [of("measure", "result"), of("parameter")];
  if (results.length <= FIRST_RESULTS) return columns.map(({ key }) => key);
  return [
    ...results.slice(0, FIRST_RESULTS),
    ...parameters.filter(differs),
    ...parameters.filter((key) => !differs(key)),
    ...results.slice(FIRST_RESULTS),
    ...of("other"),
  ];
}

/** Members of metadata with the run or the pipeline that made a version, and its end. */
const RUN_FIELDS = ["metadata.run", "metadata.tags", "metadata.pipeline", "metadata.end"];

/** Returns the fields to ask of versions: all metadata, or if that is large, those of `keys`. */
export function fieldsOf(
  columns: readonly ExperimentColumn[],
  { keys, isAll }: { keys: readonly string[]; isAll: boolean },
): readonly string[] {
  const own = columns.filter(({ key }) => key.startsWith("metadata.")).map(({ key }) => key);
  const asked = own.filter((key) => keys.includes(key));
  const isLong = asked.join().length > MOST_FIELD_BYTES || asked.some((key) => key.includes(","));
  return isAll || own.length <= MOST_USUAL || isLong ? ["metadata"] : [...asked, ...RUN_FIELDS];
}

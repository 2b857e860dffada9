// Rows grouped by the value of a key: into rows of means, and into the colors of charts.
import { colorOf, scaleColorOf } from "../../components/charts/chart_scales.ts";
import { cutText, numberText } from "../../format/format.ts";
import { columnsOf, type ExperimentColumn } from "./columns.ts";
import { type Experiment, isFailed, numberAt } from "./experiments.ts";
import { mean } from "./influence.ts";

/** Rows with one color, by the name of its variable in the styles. */
export interface Part {
  readonly label: string;
  readonly rows: ReadonlySet<Experiment>;
  readonly color: string;
}

/**
 * Returns a row for each value of a key: how many versions have it, and the means of numbers. The
 * mean of an infinity is infinite, so that a group with a run that diverged shows it.
 */
export function groupsOf(
  rows: readonly Experiment[],
  columns: readonly ExperimentColumn[],
  key: string,
): { rows: Experiment[]; columns: ExperimentColumn[] } {
  const numbers = columns.filter((each) =>
    each.isNumber && each.key !== key && each.key.includes(".")
  );
  const better = [`none:${key}`];
  const isNumber = columns.some((each) => each.key === key && each.isNumber);
  const groups = byValue(rows, { key, isNumber }).map(([value, own]): Experiment => {
    const values = new Map<string, unknown>([[key, value ?? "(none)"], ["count", own.length]]);
    for (const { key, better: is } of numbers) {
      const known = own.map((row) => numberAt(row, key)).filter((value) => !Number.isNaN(value));
      if (known.length === 0) continue;
      better.push(`${is ?? "none"}:${key}, mean`, `${is}:${key}, best`);
      values.set(`${key}, mean`, mean(known));
      const finite = own.filter((row) => !isFailed(row)).map((row) => numberAt(row, key))
        .filter(Number.isFinite);
      if (!is || finite.length === 0) continue;
      values.set(`${key}, best`, (is === "low" ? Math.min : Math.max)(...finite));
    }
    return { ...own[0]!, version: `${typeof value} ${value}`, values };
  });
  // Without headings above them, columns have their whole titles.
  const own = columnsOf(groups, better).slice(2, -4)
    .map(({ group: _, short: __, ...column }) => column);
  const first = own.find((column) => column.key === key);
  const others = own.filter((column) => column !== first);
  const count = { key: "count", title: "Versions", isNumber: true };
  return { rows: groups, columns: first === undefined ? [] : [first, count, ...others] };
}

/** With the rest, as many as charts have colors. */
const MOST_PARTS = 7;

/** Returns rows by the most frequent values of a key, or by quarters of its numbers. */
export function partsOf(
  rows: readonly Experiment[],
  { key, title, isNumber }: ExperimentColumn,
): Part[] {
  const groups = byValue(rows, { key, isNumber }).filter(([value]) => value !== undefined);
  const parts = isNumber
    ? numbersOf(groups as [number, Experiment[]][])
    : groups.slice(0, MOST_PARTS);
  const largest = parts.map(([value, own], i) => ({
    label: `${title} ${cutText(`${value}`)}`,
    rows: new Set(own),
    color: isNumber ? scaleColorOf(i / Math.max(1, parts.length - 1)) : colorOf(i),
  }));
  const rest = rows.filter((row) => !largest.some(({ rows }) => rows.has(row)));
  const other = { label: "other", rows: new Set(rest), color: "--edge" };
  return rest.length === 0 ? largest : [...largest, other];
}

/** Returns groups in the order of their numbers, or quarters of many. */
function numbersOf(groups: readonly [number, Experiment[]][]): [string, Experiment[]][] {
  if (groups.length > MOST_PARTS) return quartersOf(groups);
  const last = (value: number) => Number.isNaN(value) ? Infinity : value;
  return groups.toSorted(([a], [b]) => last(a) - last(b))
    .map(([value, own]) => [numberText(value), own]);
}

function quartersOf(groups: readonly [number, Experiment[]][]): [string, Experiment[]][] {
  const sorted = groups.filter(([value]) => Number.isFinite(value)).sort(([a], [b]) => a - b);
  const count = sorted.flatMap(([, own]) => own).length;
  let below = 0;
  const quarters = Map.groupBy(sorted, ([, { length }]) => {
    below += length;
    return Math.floor(4 * (below - length) / count);
  });
  return [...quarters.values()].map((own) => {
    const values = own.map(([value]) => value);
    const bounds = new Set([Math.min(...values), Math.max(...values)]);
    return [[...bounds].map(numberText).join(" to "), own.flatMap(([, rows]) => rows)];
  });
}

/** Returns the values of a key with their rows, the most frequent first. */
function byValue(
  rows: readonly Experiment[],
  { key, isNumber }: Pick<ExperimentColumn, "key" | "isNumber">,
): [unknown, Experiment[]][] {
  const valueOf = (row: Experiment) => {
    const value = row.values.get(key) ?? undefined;
    return isNumber && value !== undefined ? numberAt(row, key) : value;
  };
  return [...Map.groupBy(rows, valueOf)]
    .sort(([, a], [, b]) => b.length - a.length);
}

// Filters of the rows of a table: conditions on columns, and text that any cell may contain.
import { invalid } from "../../../../core/errors.ts";
import type { OtherColumn } from "../../../../formats/tables/parts.ts";
import type { Cell } from "../../../../formats/tables/table.ts";
import { cellOrderTo, cellText, type isEmpty } from "./cells.ts";
import type { Group } from "./table_reader.ts";

export interface RowFilter {
  matches(row: readonly Cell[]): boolean;
  /** Returns false if no row of a group with these bounds can match. */
  mayMatch(bounds: Group["bounds"]): boolean;
}

/** A condition as it was typed: `score>0.5`, or `"my score" > 0.5`. */
export interface Condition {
  readonly text: string;
  readonly name: string;
  readonly sign: string;
  readonly value: string;
}

const CONDITION = /("[^"]+"|\S+?)\s*(<=|>=|!=|=|<|>)\s*("[^"]*"|\S+)/g;

/** Tests of a cell by its order to a value, and of two bounds by theirs. */
const COMPARISONS: Readonly<
  Record<string, readonly [cell: (order: number) => boolean, (min: number, max: number) => boolean]>
> = {
  "=": [(order) => order === 0, (min, max) => min <= 0 && max >= 0],
  "!=": [(order) => order !== 0, () => true],
  "<": [(order) => order < 0, (min) => min < 0],
  "<=": [(order) => order <= 0, (min) => min <= 0],
  ">": [(order) => order > 0, (_, max) => max > 0],
  ">=": [(order) => order >= 0, (_, max) => max >= 0],
};

const unquoted = (text: string) => text.replace(/^"(.*)"$/s, "$1");

/** Returns all conditions of a filter, also on unknown columns. */
export function conditionsOf(filter: string): Condition[] {
  return [...filter.matchAll(CONDITION)].map(([text, name = "", sign = "", value = ""]) => (
    { text, name: unquoted(name), sign, value: unquoted(value) }
  ));
}

/** Returns a filter whose conditions on a name are conditions on another. */
export function withColumn(filter: string, name: string, column: string): string {
  const quoted = /[\s"<>=!]/.test(column) ? `"${column}"` : column;
  return filter.replaceAll(
    CONDITION,
    (text, own, sign, value) => unquoted(own) === name ? `${quoted}${sign}${value}` : text,
  );
}

/** Throws `Invalid` for a condition on a column that cannot be read. */
export function checkReadable(filter: string, others: readonly OtherColumn[]): void {
  for (const { name } of conditionsOf(filter)) {
    const other = others.find((column) => column.name === name);
    if (other === undefined) continue;
    const state = `the column cannot be shown (${other.problem})`;
    const hint = "Remove this condition, or filter by a column that is shown.";
    throw invalid("filter rows by", JSON.stringify(name), state, { hint });
  }
}

/**
 * Parses conditions on columns, such as `score>0.5`. Any cell may contain the rest. A cell without
 * a value only equals its own name: `null`, `NaN`, or an empty text.
 */
export function parseFilter(
  filter: string,
  columns: readonly { name: string }[],
  isNone: typeof isEmpty,
): RowFilter {
  const placeOf = (name: string) => columns.findIndex((column) => column.name === name);
  const conditions = conditionsOf(filter).map(({ name, sign, value }) => (
    { at: placeOf(name), name, sign, value, order: cellOrderTo(value) }
  )).filter(({ at }) => at >= 0);
  const text = filter.replaceAll(
    CONDITION,
    (condition, name) => placeOf(unquoted(name)) < 0 ? condition : "",
  ).trim().toLowerCase();
  const meets = (cell: Cell, { sign, value, order }: typeof conditions[number]) => {
    const difference = cell === null && value === "null" ? 0 : order(cell);
    const isComparable = difference === 0 || difference !== undefined && !isNone(cell);
    return isComparable ? COMPARISONS[sign]![0](difference) : sign === "!=";
  };
  return {
    matches: (row) =>
      conditions.every((condition) => meets(row[condition.at] ?? null, condition)) &&
      (text === "" || row.some((cell) => cellText(cell).toLowerCase().includes(text))),
    mayMatch: (bounds) =>
      conditions.every(({ name, sign, value, order }) => {
        if (value === "null") return true; // bounds do not tell whether cells are missing
        const [min, max] = bounds(name)?.map(order) ?? [];
        return min === undefined || max === undefined || COMPARISONS[sign]![1](min, max);
      }),
  };
}

// Filters of the rows of a table: conditions on columns, and text that any cell may contain.
import { invalid } from "../../../../core/errors.ts";
import type { OtherColumn } from "../../../../formats/tables/parts.ts";
import type { Cell } from "../../../../formats/tables/table.ts";
import { cellOrderTo, cellText, isEmpty } from "./cells.ts";
import type { Group } from "./table_reader.ts";

export interface RowFilter {
  matches(row: readonly Cell[]): boolean;
  /** Returns false if no row of a group with these bounds can match. */
  mayMatch(bounds: Group["bounds"]): boolean;
}

/** A condition as it was typed: `score>0.5`, `"my score" > 0.5`, `word~well`, `word=`. */
export interface Condition {
  readonly text: string;
  readonly name: string;
  readonly sign: string;
  /** Absent of `name=` and `name!=`, which test whether a cell is empty. */
  readonly value?: string;
}

/** A condition as the heading of its column shows it. */
export interface ColumnCondition {
  readonly way: Way;
  /** Of `is` and `contains`. */
  readonly value: string;
}

export const WAYS = ["contains", "is", "is empty", "is not empty"] as const;
export type Way = typeof WAYS[number];

const NAME = `"(?:[^"]|"")+"|\\S+?`;
const SIGN = "<=|>=|!=|=|<|>|~";
const VALUE = `"(?:[^"]|"")*"|\\S+`;
/** A condition after a space is never the value of the one before, as in filters of versions. */
const CONDITION = new RegExp(
  `(${NAME})\\s*(${SIGN})(?:\\s+(?!(?:${NAME})\\s*(?:${SIGN})))?(${VALUE})?`,
  "g",
);

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

function unquoted(text: string): string {
  return /^".*"$/s.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

function nameText(name: string): string {
  return /[\s"<>=!~]/.test(name) ? quoted(name) : name;
}

/** Returns the conditions and the texts of a filter, in their order. */
function termsOf(filter: string): (Condition | string)[] {
  const terms: (Condition | string)[] = [];
  let text = "", end = 0;
  for (const match of filter.matchAll(CONDITION)) {
    const [whole, name = "", sign = "", value] = match;
    if (value === undefined && sign !== "=" && sign !== "!=") continue;
    text = filter.slice(end, match.index).trim();
    end = match.index + whole.length;
    if (text !== "") terms.push(text);
    terms.push({
      text: whole.trimEnd(),
      name: unquoted(name),
      sign,
      ...value !== undefined && { value: unquoted(value) },
    });
  }
  text = filter.slice(end).trim();
  return text === "" ? terms : [...terms, text];
}

/** Returns all conditions of a filter, also on unknown columns. */
export function conditionsOf(filter: string): Condition[] {
  return termsOf(filter).filter((term) => typeof term !== "string");
}

/** Returns a filter whose conditions on a name are conditions on another. */
export function withColumn(filter: string, name: string, column: string): string {
  const renamed = ({ sign, value, text }: Condition) => {
    if (value === undefined) return `${nameText(column)}${sign}`;
    return `${nameText(column)}${sign}${text.endsWith('"') ? quoted(value) : value}`;
  };
  return termsOf(filter).map((term) =>
    typeof term === "string" ? term : term.name === name ? renamed(term) : term.text
  ).join(" ");
}

function wayOf({ sign, value }: Condition): Way | undefined {
  if (value === undefined) return sign === "=" ? "is empty" : "is not empty";
  return sign === "=" ? "is" : sign === "~" ? "contains" : undefined;
}

/** Returns the condition of a column that its heading shows; undefined without one. */
export function columnCondition(filter: string, column: string): ColumnCondition | undefined {
  for (const condition of conditionsOf(filter)) {
    const way = wayOf(condition);
    if (condition.name === column && way !== undefined) {
      return { way, value: condition.value ?? "" };
    }
  }
}

/** Returns a filter with another condition of a column, or without one. It stands last. */
export function withColumnCondition(
  filter: string,
  column: string,
  next?: ColumnCondition,
): string {
  const others = termsOf(filter).filter((term) =>
    typeof term === "string" || term.name !== column || wayOf(term) === undefined
  );
  const texts = others.map((term) => typeof term === "string" ? term : term.text);
  if (next === undefined) return texts.join(" ");
  const { way, value } = next;
  const text = value === "" || /[\s"]/.test(value) ? quoted(value) : value;
  const condition = {
    "is": `=${text}`,
    "contains": `~${text}`,
    "is empty": "=",
    "is not empty": "!=",
  }[way];
  return [...texts, `${nameText(column)}${condition}`].join(" ");
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

/** A condition on a column that is known. */
interface CellTest {
  readonly name: string;
  matches(cell: Cell): boolean;
  /** Returns false if no cell between two can match. */
  mayMatch(min: Cell, max: Cell): boolean;
}

function testOf({ name, sign, value }: Condition, isNone: typeof isEmpty): CellTest {
  const mayMatch = () => true;
  if (value === undefined) {
    return { name, matches: (cell) => isEmpty(cell) === (sign === "="), mayMatch };
  }
  if (sign === "~") {
    const part = value.toLowerCase();
    return { name, matches: (cell) => cellText(cell).toLowerCase().includes(part), mayMatch };
  }
  const [isMet, mayMeet] = COMPARISONS[sign] ?? [];
  const order = cellOrderTo(value);
  return {
    name,
    matches(cell) {
      const difference = cell === null && value === "null" ? 0 : order(cell);
      const isComparable = difference === 0 || difference !== undefined && !isNone(cell);
      return isComparable ? isMet?.(difference) === true : sign === "!=";
    },
    mayMatch(...bounds) {
      if (value === "null") return true; // bounds do not tell whether cells are missing
      const [min, max] = bounds.map(order);
      return min === undefined || max === undefined || mayMeet?.(min, max) === true;
    },
  };
}

/**
 * Parses conditions on columns, such as `score>0.5`. Any cell may contain the rest. A cell without
 * a value only equals its own name: `null`, `NaN`, or an empty text. `name=` finds all of these.
 *
 * @param isNone true for cells that no order has
 */
export function parseFilter(
  filter: string,
  columns: readonly { name: string }[],
  isNone: typeof isEmpty,
): RowFilter {
  const placeOf = (name: string) => columns.findIndex((column) => column.name === name);
  const known: (CellTest & { at: number })[] = [];
  const texts: string[] = [];
  for (const term of termsOf(filter)) {
    const at = typeof term === "string" ? -1 : placeOf(term.name);
    if (typeof term === "string") texts.push(term);
    else if (at < 0) texts.push(term.text);
    else known.push({ ...testOf(term, isNone), at });
  }
  const text = texts.join(" ").toLowerCase();
  return {
    matches: (row) =>
      known.every(({ at, matches }) => matches(row[at] ?? null)) &&
      (text === "" || row.some((cell) => cellText(cell).toLowerCase().includes(text))),
    mayMatch: (boundsOf) =>
      known.every(({ name, mayMatch }) => {
        const bounds = boundsOf(name);
        return bounds === undefined || mayMatch(...bounds);
      }),
  };
}

// Conditions in the text of a filter, which other controls read and write.
import { termsOf } from "../../../../apps/server/search/terms.ts";
import { queryOf } from "../../api/search.ts";
import type { ExperimentColumn } from "./columns.ts";
import { chooseExperiments, type Experiment } from "./experiments.ts";

type Bounded = Pick<ExperimentColumn, "key" | "title">;

function beginningOf({ key, title }: Bounded, comparison: string): string {
  if (/[\s=!<>]/.test(key)) return key.replace(/\.(.*)$/s, '."$1"') + comparison;
  const names = [title, key.replace(/^metadata\./, "")];
  return `${names.find((name) => queryOf(`${name}=`) === `${key}=`) ?? key}${comparison}`;
}

const CONDITION = /^((?:metadata|labels)\.(?:[^\s=!<>"]|"[^"]*")+)((?:[!<>]=|[=<>]).*)$/s;

/**
 * Returns the filter with the keys that it means: where no version has `metadata.accuracy`,
 * `accuracy>0.9` is a condition on the one column with that title, `metadata.metrics.accuracy`.
 */
export function namedFilter(typed: string, columns: readonly ExperimentColumn[]): string {
  return termsOf(queryOf(typed)).map((term) => {
    const [, field = "", condition = ""] = CONDITION.exec(term) ?? [];
    if (field === "" || columns.some(({ key }) => key === field)) return term;
    const name = field.replace(/^metadata\./, "");
    const columnsWith = (part: "title" | "short") =>
      columns.filter((column) => column[part] === name);
    const [column, other] = [columnsWith("title"), columnsWith("short")].find(({ length }) =>
      length > 0
    ) ?? [];
    return column === undefined || other ? term : beginningOf(column, "") + condition;
  }).join(" ");
}

/** A condition on a fact with a column. */
const OF_FACT = /^(state)(?:[!<>]=|[=<>])/;

/** Returns the columns that the conditions of a filter compare. */
export function keysIn(filter: string, columns: readonly ExperimentColumn[]): string[] {
  const fields = termsOf(queryOf(filter)).map((term) =>
    (CONDITION.exec(term) ?? OF_FACT.exec(term))?.[1] ?? ""
  );
  const keys = new Set(fields.map((field) => field.replaceAll('"', "")));
  return columns.map(({ key }) => key).filter((key) => keys.has(key));
}

/** Returns the keys that a filter compares and that are not known. */
export function unknownFields(filter: string, isKnown: (key: string) => boolean): string[] {
  const fields = termsOf(queryOf(filter)).map((term) => CONDITION.exec(term)?.[1] ?? "");
  return [...new Set(fields.filter((key) => key !== "" && !isKnown(key.replaceAll('"', ""))))];
}

/** Returns a filter whose conditions on a key compare another one. */
export function withField(filter: string, field: string, column: Bounded): string {
  const { title } = column;
  const isShort = queryOf(`${title}=`) === `metadata.${title}=`;
  const begin = isShort ? title : beginningOf(column, "");
  return termsOf(filter).map((term) => {
    const [, own, condition] = CONDITION.exec(queryOf(term)) ?? [];
    return own === field ? begin + condition : term;
  }).join(" ");
}

/** Returns what a key is compared with, such as `3` in `epochs>=3`; "" if it is not. */
export function conditionOf(filter: string, column: Bounded, comparison: string): string {
  const beginning = beginningOf(column, comparison);
  const term = termsOf(filter).find((term) => term.startsWith(beginning)) ?? beginning;
  return term.slice(beginning.length).replaceAll('"', "");
}

/** Returns a filter with another condition of a key; without a value, it has none. */
export function withCondition(
  filter: string,
  column: Bounded,
  comparison: string,
  value: string,
): string {
  const beginning = beginningOf(column, comparison);
  const others = termsOf(filter).filter((term) => !term.startsWith(beginning));
  const quoted = /\s/.test(value) ? `"${value}"` : value;
  return [...others, ...value === "" ? [] : [`${beginning}${quoted}`]].join(" ");
}

/** Returns whether a filter can compare a key: not if the key, or each of its values, has quotes. */
export function isCondition(rows: readonly Experiment[], column: Bounded): boolean {
  const row = rows.find(({ values }) => {
    const value = values.get(column.key);
    return ["number", "string", "boolean"].includes(typeof value) && !`${value}`.includes('"');
  });
  try {
    const filter = withCondition("", column, "=", `${row?.values.get(column.key)}`);
    return chooseExperiments(row ? [row] : [], { filter, sort: "" }).length > 0;
  } catch {
    return false;
  }
}

// Conditions in the text of a filter, which other controls read and write.
import { partsOf, tokensOf } from "../../../../apps/server/search/terms.ts";
import type { Comparing } from "../../../../core/registry/conditions/tokens.ts";
import { MEMBER } from "../../../../core/text/better.ts";
import { queryOf } from "../../api/search.ts";
import type { ExperimentColumn } from "./columns.ts";
import { chooseExperiments, type Experiment } from "./experiments.ts";

type Bounded = Pick<ExperimentColumn, "key" | "title">;

function beginningOf({ key, title }: Bounded, comparison: string): string {
  if (/[\s=!<>]/.test(key)) return key.replace(/\.(.*)$/s, '."$1"') + comparison;
  const names = [title, key.replace(/^metadata\./, "")];
  return `${names.find((name) => queryOf(`${name}=`) === `${key}=`) ?? key}${comparison}`;
}

/** Returns the conditions of a filter, with full names of their fields. */
function comparisonsIn(filter: string): Comparing[] {
  return tokensOf(queryOf(filter)).filter((token) => token.kind === "comparison");
}

function isOwnKey(field: string): boolean {
  return /^(?:metadata|labels)\./.test(field);
}

/** Returns what follows the field. */
function restOf({ text, typedField }: Comparing): string {
  return text.slice(typedField.length);
}

/**
 * Returns the filter with the keys that it means: where no version has `metadata.accuracy`,
 * `accuracy>0.9` is a condition on the one column with that title, `metadata.metrics.accuracy`.
 */
export function namedFilter(typed: string, columns: readonly ExperimentColumn[]): string {
  return tokensOf(queryOf(typed)).map((token) => {
    if (token.kind !== "comparison") return token.text;
    const { field, text } = token;
    if (!isOwnKey(field) || columns.some(({ key }) => key === field)) return text;
    const name = field.replace(/^metadata\./, "");
    const columnsWith = (part: "title" | "short") =>
      columns.filter((column) => column[part] === name);
    const [column, other] = [columnsWith("title"), columnsWith("short")].find(({ length }) =>
      length > 0
    ) ?? [];
    return column === undefined || other ? text : beginningOf(column, "") + restOf(token);
  }).join(" ");
}

/** Returns the columns that the conditions of a filter compare. */
export function keysIn(filter: string, columns: readonly ExperimentColumn[]): string[] {
  const fields = comparisonsIn(filter).map(({ field }) => field);
  const keys = new Set(fields.filter((field) => isOwnKey(field) || field === "state"));
  return columns.map(({ key }) => key).filter((key) => keys.has(key));
}

/** Returns the keys that a filter compares and that are not known. */
export function unknownFields(filter: string, isKnown: (key: string) => boolean): string[] {
  const fields = comparisonsIn(filter).filter(({ field }) => isOwnKey(field) && !isKnown(field));
  return [...new Set(fields.map(({ typedField }) => typedField))];
}

/** Returns the columns that an unknown field of a filter may mean: `params.lr` and `metrics.lr`. */
export function meantBy<T extends ExperimentColumn>(field: string, columns: readonly T[]): T[] {
  const bare = bareOf(field);
  return columns.filter(({ key, short }) => MEMBER.test(key) && short === bare);
}

/** Returns the field as people type it, without quotes. */
export function bareOf(field: string): string {
  return field.replace(MEMBER, "").replaceAll('"', "");
}

/** Returns a filter whose conditions on a key compare another one. */
export function withField(filter: string, field: string, column: Bounded): string {
  const { title } = column;
  const isShort = queryOf(`${title}=`) === `metadata.${title}=`;
  const begin = isShort ? title : beginningOf(column, "");
  return tokensOf(filter).map((token) =>
    token.kind === "comparison" && comparisonsIn(token.text)[0]?.typedField === field
      ? begin + restOf(token)
      : token.text
  ).join(" ");
}

/** Returns what a key is compared with, such as `3` in `epochs>=3`; "" if it is not. */
export function conditionOf(filter: string, column: Bounded, comparison: string): string {
  const beginning = beginningOf(column, comparison);
  const term = partsOf(filter).find((term) => term.startsWith(beginning)) ?? beginning;
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
  const others = partsOf(filter).filter((term) => !term.startsWith(beginning));
  const quoted = /[\s,;]|^[=~]/.test(value) ? `"${value}"` : value;
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

// Conditions in the text of a filter, which other controls read and write.
import { termsOf } from "../../../../core/text/terms.ts";
import { queryOf } from "../../api/search.ts";
import { chooseExperiments, type Experiment, type ExperimentColumn } from "./experiments.ts";

type Bounded = Pick<ExperimentColumn, "key" | "title">;

function beginningOf({ key, title }: Bounded, comparison: string): string {
  if (/[\s=!<>]/.test(key)) return key.replace(/\.(.*)$/s, '."$1"') + comparison;
  return `${queryOf(`${title}=`) === `${key}=` ? title : key}${comparison}`;
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

/** Returns whether a filter can compare a key: not if the key itself has quotes. */
export function isCondition(rows: readonly Experiment[], column: Bounded): boolean {
  const row = rows.find(({ values }) =>
    ["number", "string"].includes(typeof values.get(column.key))
  );
  try {
    const filter = withCondition("", column, "=", `${row?.values.get(column.key)}`);
    return chooseExperiments(row ? [row] : [], { filter, sort: "" }).length > 0;
  } catch {
    return false;
  }
}

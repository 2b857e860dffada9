// The values that a search compares, and the order that its first condition gives.
import { memberOf } from "../../../../apps/server/search/query.ts";
import { sortByField } from "../../../../apps/difference/sort_by_field.ts";
import { tokensOf } from "../../../../apps/server/search/terms.ts";
import { fieldOf } from "../../../../core/registry/conditions/fields.ts";
import { numberText } from "../../format/format.ts";
import type { FoundVersion } from "./found_list.ts";

export interface SearchCondition {
  /** `metadata.accuracy` */
  readonly key: string;
  readonly comparison: string;
}

/** Returns the conditions of a search on metadata. */
export function conditionsOf(search: string): SearchCondition[] {
  return tokensOf(search).flatMap((token) => {
    const key = token.kind === "comparison" ? fieldOf(token.field)?.name : undefined;
    if (token.kind !== "comparison" || !key?.startsWith("metadata.")) return [];
    return [{ key, comparison: token.sign }];
  });
}

/** Returns versions with the largest value of the first bound first; below a bound, the smallest. */
export function inOrderOf(
  conditions: readonly SearchCondition[],
  found: readonly FoundVersion[],
): readonly FoundVersion[] {
  const bound = conditions.find(({ comparison }) => /^[<>]/.test(comparison));
  if (bound === undefined) return found;
  const sort = bound.comparison.startsWith(">") ? `-${bound.key}` : bound.key;
  return sortByField([...found], sort, memberOf);
}

/** Returns the values that conditions compare, by the name of their key. */
export function comparedValues(
  conditions: readonly SearchCondition[],
  found: FoundVersion,
): (readonly [key: string, value: string])[] {
  const keys = new Set(conditions.map(({ key }) => key));
  return [...keys].map((key) => {
    const value = memberOf(found, key);
    const text = typeof value === "number" ? numberText(value) : String(value ?? "");
    return [key.replace(/^metadata\./, ""), text] as const;
  });
}

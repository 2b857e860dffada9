// The order of a list of versions by one of their fields.
import { compareKeys, RANKS, sortKeyOf } from "../../core/text/comparing.ts";

/**
 * Sorts versions, the highest of which is first, by a field; `-` before it reverses the order.
 * Numbers come first, then times, other values as strings, then NaN and versions without a value.
 */
export function sortByField<T>(
  versions: readonly T[],
  sort: string,
  read: (version: T, field: string) => unknown,
): readonly T[] {
  const field = sort.replace(/^-/, "");
  if (field === "version") return field === sort ? versions.toReversed() : versions;
  const sign = field === sort ? 1 : -1;
  const last = Object.keys(RANKS).length;
  const keyed = versions.map((version) => {
    const value = read(version, field) ?? "";
    if (value === "" || Number.isNaN(value)) return { version, rank: last };
    const key = sortKeyOf(typeof value === "number" ? value : String(value));
    return { version, key, rank: RANKS[key.kind] };
  });
  return keyed.sort((a, b) =>
    a.rank - b.rank || (a.key && b.key ? sign * compareKeys(a.key, b.key) : 0)
  ).map(({ version }) => version);
}

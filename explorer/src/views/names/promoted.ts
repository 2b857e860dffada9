// The aliases of a name, and the best metric of the versions that have one.
import { numberText } from "../../format/format.ts";
import { isBroken } from "../../components/state_tag.ts";
import { endStateOf } from "../../../../core/registry/conditions/end_state.ts";
import { columnsOf } from "../versions/columns.ts";
import { metadataValues, numberAt } from "../versions/experiments.ts";
import type { FoundVersion, Promoted } from "./found_list.ts";

/** Returns the aliases of each name, of versions that have one. */
export function promotedOf(versions: readonly FoundVersion[]): ReadonlyMap<string, Promoted> {
  const names = Map.groupBy(versions, ({ name }) => name);
  return new Map([...names].map(([name, own]) => {
    const aliases = own.flatMap(({ aliases }) => aliases);
    return [name, { aliases, metric: metricOf(own) }];
  }));
}

function metricOf(versions: readonly FoundVersion[]): Promoted["metric"] {
  const rows = versions.filter(({ metadata }) => !isBroken(endStateOf(metadata)))
    .map((version) => ({ version, values: metadataValues(version.metadata) }));
  const column = columnsOf(rows).find(({ role, isNumber }) => role === "measure" && isNumber);
  if (column === undefined) return undefined;
  const { key, title, better } = column;
  const numbers = rows.filter((row) => Number.isFinite(numberAt(row, key)))
    .sort((a, b) => (numberAt(a, key) - numberAt(b, key)) * (better === "low" ? 1 : -1));
  const [best] = numbers;
  if (best === undefined) return undefined;
  const { version, aliases } = best.version;
  return {
    text: `${title} ${numberText(numberAt(best, key))}`,
    title: `The best of versions with an alias: ${version} (${aliases.join(", ")})`,
  };
}

// The last value of each curve, and its best one.
import { type Better, usualBetter } from "../../../core/text/better.ts";
import { axesOf } from "./axes.ts";
import type { Numbers, Steps } from "./steps.ts";

export interface CurveSummary {
  /** Also NaN and infinities. */
  readonly last: number;
  /** The best finite value, of measures of which some values are better. */
  readonly best?: {
    readonly word: "min" | "max";
    readonly value: number;
    /** The value of the axis there. */
    readonly at?: number;
  };
}

/** Returns what the curves of a run come to, by the names of measures. */
export function summariesOf({ columns }: Steps): ReadonlyMap<string, CurveSummary> {
  const axes = axesOf([...columns.keys()]);
  const axis = columns.get(axes[0] ?? "");
  const measures = [...columns].filter(([name]) => !axes.includes(name));
  return new Map(measures.map(([name, numbers]) => {
    const last = numbers.values.at(-1) ?? NaN;
    const best = bestOf(numbers, usualBetter(name));
    if (best === undefined) return [name, { last }];
    const { word, value, row } = best;
    const at = axis?.values[axis.rows.indexOf(row)];
    return [name, { last, best: { word, value, at } }];
  }));
}

/** Returns the best finite value and its row; undefined if none is better. */
function bestOf({ rows, values }: Numbers, better: Better) {
  if (better === "none") return undefined;
  const word = better === "low" ? "min" : "max";
  let best: { word: typeof word; value: number; row: number } | undefined;
  for (const [i, value] of values.entries()) {
    if (!Number.isFinite(value)) continue;
    const isBetter = best === undefined ||
      (better === "low" ? value < best.value : value > best.value);
    if (isBetter) best = { word, value, row: rows[i] ?? -1 };
  }
  return best;
}

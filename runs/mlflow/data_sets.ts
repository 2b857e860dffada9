// Data sets that a run uses. Each is a tag with its JSON.
import { INPUT, sizeOf } from "./stored_run.ts";

/** Prefix of the tags of data sets. */
export const DATA = `${INPUT}data.`;

/** Bytes of the tags of a run with the columns of its data sets, as JSON. Tags have 8 KiB. */
const MOST_WITH_COLUMNS = 6 * 1024;

/** A data set, and its tags in a run. */
export interface DataSetInput {
  readonly dataset: Readonly<Record<string, unknown>>;
  readonly tags: readonly unknown[];
}

/** Returns data sets as tags. Their columns and statistics are left out where they do not fit. */
export function dataSetTags(
  inputs: readonly DataSetInput[],
  before: ReadonlyMap<string, string>,
): Map<string, string> {
  const all = new Map(before), changed = new Map<string, string>();
  for (const { dataset, tags } of inputs) {
    const key = `${DATA}${dataset.name}.${dataset.digest}`;
    const { schema: _, profile: __, ...plain } = dataset;
    const whole = JSON.stringify({ tags, dataset });
    const fits = sizeOf(Object.fromEntries(all.set(key, whole))) <= MOST_WITH_COLUMNS;
    const fact = fits ? whole : JSON.stringify({ tags, dataset: plain });
    all.set(key, fact);
    changed.set(key, fact);
  }
  return changed;
}

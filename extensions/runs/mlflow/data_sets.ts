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

/**
 * Returns the inputs whose data sets a run does not have yet. As in MLflow, a data set that a program
 * logs again keeps its first tags, such as its context.
 */
export function newDataSets(
  inputs: readonly DataSetInput[],
  before: ReadonlyMap<string, string>,
): DataSetInput[] {
  const known = new Set(before.keys());
  return inputs.filter(({ dataset }) => {
    const key = keyOf(dataset), isNew = !known.has(key);
    known.add(key);
    return isNew;
  });
}

function keyOf({ name, digest }: DataSetInput["dataset"]): string {
  return `${DATA}${name}.${digest}`;
}

/**
 * Returns data sets as tags. Their columns and statistics are left out where they do not fit. A data set
 * that is there with other tags is another entry.
 */
export function dataSetTags(
  inputs: readonly DataSetInput[],
  before: ReadonlyMap<string, string>,
): Map<string, string> {
  const all = new Map(before), changed = new Map<string, string>();
  for (const { dataset, tags } of inputs) {
    const { schema: _, profile: __, ...plain } = dataset;
    const whole = JSON.stringify({ tags, dataset });
    const first = keyOf(dataset);
    let key = first;
    for (let i = 2; changed.has(key); i++) key = `${first}.${i}`;
    const fits = sizeOf(Object.fromEntries(all.set(key, whole))) <= MOST_WITH_COLUMNS;
    const fact = fits ? whole : JSON.stringify({ tags, dataset: plain });
    all.set(key, fact);
    changed.set(key, fact);
  }
  return changed;
}

// Tags of names, as clients see them.
import { isOwnTag } from "../../runs/mlflow/stored_run.ts";

/** The tag with the description. */
export const NOTE = "mlflow.note.content";
/** The label of a deleted experiment. It has no effect on a name that has a version. */
export const DELETED = "holdfast.deleted";

/** Returns the tags that clients see. */
export function shownTagsOf(tags: ReadonlyMap<string, string>): [key: string, value: string][] {
  return [...tags].filter(([key]) => !isOwnTag(key));
}

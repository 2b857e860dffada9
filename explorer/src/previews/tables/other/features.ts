// The features of a data set of Hugging Face: what columns mean, as `datasets` notes it in its files
// (https://huggingface.co/docs/datasets/about_dataset_features).
import { isPlainObject } from "../../../../../core/text/plain_value.ts";

/** The meaning of a column. */
export interface Feature {
  /** Of an integer: the names of classes, by number. */
  readonly classNames?: readonly string[];
  /** Of bytes and a path. */
  readonly media?: "image" | "audio";
}

/** @param note of the key `huggingface` */
export function featuresOf(note: string | undefined): ReadonlyMap<string, Feature> {
  const found = new Map<string, Feature>();
  const features = memberOf(memberOf(parsed(note), "info"), "features");
  if (!isPlainObject(features)) return found;
  for (const [name, feature] of Object.entries(features)) {
    const type = memberOf(feature, "_type"), names = memberOf(feature, "names");
    if (type === "Image") found.set(name, { media: "image" });
    if (type === "Audio") found.set(name, { media: "audio" });
    if (type === "ClassLabel" && Array.isArray(names) && names.every(isText)) {
      found.set(name, { classNames: names });
    }
  }
  return found;
}

const isText = (value: unknown): value is string => typeof value === "string";

function memberOf(value: unknown, name: string): unknown {
  return isPlainObject(value) ? value[name] : undefined;
}

function parsed(text = "null"): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

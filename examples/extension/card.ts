// A card: what everybody must know about a version before others use it, in its metadata.
import type { ArtifactInfo } from "@holdfast/holdfast";
import type { PromotionCondition } from "@holdfast/holdfast/extending/kernel";

export const KEYS: readonly string[] = ["license", "contact"];

export interface Card {
  name: string;
  version: string;
  card: Record<string, unknown>;
  /** Keys without a value. */
  missing: string[];
}

export function cardOf(
  { name, version, metadata }: ArtifactInfo,
  keys: readonly string[] = KEYS,
): Card {
  const missing = keys.filter((key) => !Object.hasOwn(metadata, key) || metadata[key] === "");
  const known = keys.filter((key) => !missing.includes(key));
  return {
    ...{ name, version, missing },
    card: Object.fromEntries(known.map((key) => [key, metadata[key]])),
  };
}

/** `card: ["license"]` in a rule: aliases move only to versions whose metadata has these keys. */
export const cardCondition: PromotionCondition<string[]> = {
  problem(keys) {
    const isList = Array.isArray(keys) && keys.length > 0 && keys.length <= 20 &&
      keys.every((key) => typeof key === "string" && key !== "" && key.length <= 100);
    return isList ? undefined : "must be a list of keys";
  },
  text: (keys) => `if the metadata has ${keys.join(" and ")}`,
  unmet(keys, { info }) {
    const { missing } = cardOf(info, keys);
    const state = `its metadata has no ${missing.join(" and no ")}`;
    return Promise.resolve(missing.length === 0 ? undefined : state);
  },
};

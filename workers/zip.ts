// Save entries from parallel lists.
import { fault } from "../core/errors.ts";
import type { SaveEntry } from "../core/registry.ts";

/** Options of {@linkcode zip}. */
export interface ZipOptions {
  /** One version for each name; undefined for the next one. @default the next one for all */
  versions?: readonly (string | undefined)[];
}

/**
 * Returns entries for `saveMany` from parallel lists.
 *
 * @example
 * ```ts
 * import { zip } from "@holdfast/holdfast/workers";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(zip(["a", "b"], [1, 2], { versions: ["1.0.0", "2.0.0"] }), [
 *   { name: "a", value: 1, version: "1.0.0" },
 *   { name: "b", value: 2, version: "2.0.0" },
 * ]);
 * ```
 *
 * @throws {RegistryError} `Invalid` if the lengths of the lists differ
 */
export function zip(
  names: readonly string[],
  values: readonly unknown[],
  { versions }: ZipOptions = {},
): SaveEntry[] {
  const lengths = [names, values, ...(versions === undefined ? [] : [versions])]
    .map(({ length }) => length);
  if (new Set(lengths).size > 1) {
    throw fault({
      code: "Invalid",
      action: "zip names and values",
      state: `their lengths differ: ${lengths.join(", ")}`,
      hint: "Pass one value for each name, and one version for each name if you pass versions.",
    });
  }
  return names.map((name, i) => {
    const version = versions?.[i];
    return { name, value: values[i], ...(version === undefined ? {} : { version }) };
  });
}

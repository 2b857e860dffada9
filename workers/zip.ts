// Entries from parallel lists.
import { fault } from "../core/errors.ts";
import type { SaveEntry } from "../core/registry.ts";

/** Options of {@linkcode zip}. */
export interface ZipOptions {
  /** The versions, one for each name; undefined for the next one. @default the next one for all */
  versions?: readonly (string | undefined)[];
}

/**
 * Makes entries for `saveMany` of lists that belong together.
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
 * @throws {RegistryError} `Invalid` where the lists are not of one length
 */
export function zip(
  names: readonly string[],
  values: readonly unknown[],
  options: ZipOptions = {},
): SaveEntry[] {
  const { versions } = options;
  const lengths = [
    names.length,
    values.length,
    ...(versions === undefined ? [] : [versions.length]),
  ];
  if (new Set(lengths).size > 1) {
    throw fault({
      code: "Invalid",
      action: "make entries of lists",
      state: `they have ${lengths.join(", ")} members`,
      hint: "There is one value, and if versions are given one version, for each name.",
    });
  }
  return names.map((name, i) => {
    const version = versions?.[i];
    return { name, value: values[i], ...(version === undefined ? {} : { version }) };
  });
}

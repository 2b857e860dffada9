// Batches of saves, loads or deletions over any registry. Failures do not stop others.
import { isNear } from "../../core/driver.ts";
import { isVersion, parseVersion } from "../../core/naming/versions.ts";
import { METHODS } from "../../core/options/methods.ts";
import {
  checkOptions,
  checkRegistry,
  type OptionNames,
  without,
} from "../../core/options/check_options.ts";
import { MANY } from "../../core/registry/many.ts";
import type { BatchResult, Inputs, ManyOptions, SaveEntry } from "../../core/registry/many.ts";
import type { DeleteOptions, LoadOptions, Registry, SavedArtifact } from "../../core/registry.ts";
import { createLanes } from "../../core/work/lanes.ts";
import { collectOutcomes, outcomesOf } from "../../core/work/outcomes.ts";
import { checkSaveEntry } from "../../core/calls/check_calls.ts";

/**
 * Saves many values. Entries of one name or version are saved in input order.
 *
 * @example
 * ```ts
 * import { openRegistry, saveMany } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const { results } = await saveMany(registry, [{ name: "a", value: 1 }, { name: "b", value: 2 }]);
 * assertEquals(results.map(({ ok }) => ok), [true, true]);
 * ```
 */
export async function saveMany(
  registry: Registry,
  entries: Inputs<SaveEntry>,
  options: ManyOptions = {},
): Promise<BatchResult<SavedArtifact>> {
  checkRegistry("save many", registry);
  const save = inLanes(registry, (entry: SaveEntry) => {
    const { name, value, ...saveOptions } = checkSaveEntry(entry);
    return registry.save(name, value, { ...saveOptions, signal: options?.signal });
  });
  return await many(registry, "save", entries, options, MANY, save);
}

/** Loads many values. */
export function loadMany(
  registry: Registry,
  refs: Inputs<string>,
  options: ManyOptions & Omit<LoadOptions, "signal" | "onProgress"> = {},
): Promise<BatchResult<unknown>> {
  const known = { ...METHODS.load.options, ...MANY };
  return many(registry, "load", refs, options, known, (ref, each) => registry.load(ref, each));
}

/** Deletes many versions like `delete`. */
export function deleteMany(
  registry: Registry,
  refs: Inputs<string>,
  options: ManyOptions & Omit<DeleteOptions, "ifCommit"> = {},
): Promise<BatchResult<boolean>> {
  const known = { ...without(METHODS.delete.options, "ifCommit"), ...MANY };
  return many(registry, "delete", refs, options, known, (ref, each) => registry.delete(ref, each));
}

async function many<I, T, O extends ManyOptions>(
  registry: Registry,
  verb: "save" | "load" | "delete",
  inputs: Inputs<I>,
  options: O,
  known: OptionNames<O>,
  action: (input: I, options: Omit<O, "concurrency" | "stopOnError" | "onProgress">) => Promise<T>,
): Promise<BatchResult<T>> {
  checkRegistry(`${verb} many`, registry);
  const checked = checkOptions(`${verb} many`, options, known);
  const rest = without(checked, "concurrency", "stopOnError", "onProgress");
  const way = verb === "save" || verb === "delete" ? "writes" : "reads";
  const inner = (input: I) => action(input, rest);
  return await collectOutcomes(
    outcomesOf(inputs, inner, manyOptions(registry, way, checked)),
    checked,
  );
}

/** The default concurrency. Remote stores need more, and a load sends two requests. */
const AT_ONCE = { near: 16, writes: 32, reads: 48 };

export function manyOptions<O extends ManyOptions>(
  { backend }: Pick<Registry, "backend">,
  way: "reads" | "writes",
  options: O,
): O {
  const near = backend === undefined || isNear(backend);
  const { concurrency = near ? AT_ONCE.near : AT_ONCE[way] } = options;
  return { ...options, concurrency };
}

/** Runs saves of one version in input order, so that the first of two equals wins. */
export function inLanes<E extends SaveEntry, T>(
  { settings }: Pick<Registry, "settings">,
  save: (entry: E) => Promise<T>,
): (entry: E) => Promise<T> {
  const lanes = createLanes();
  const laneOf = ({ name, version }: E) =>
    !settings.versioned || version === undefined || !isVersion(version)
      ? name
      : `${name}@${parseVersion(version).canonical}`;
  return (entry) => lanes(laneOf(entry), () => save(entry));
}

/**
 * Many saves or loads: each input has an outcome, and no failure stops the others.
 *
 * @module
 */
import { checkSaveEntry } from "../core/options/checked_verbs.ts";
import type { Backend } from "../core/backend.ts";
import type { BatchResult, LoadOptions, ManyOptions, SavedArtifact, SaveEntry } from "../core/registry.ts";
import { collectOutcomes, outcomesOf } from "../core/work/outcomes.ts";
import type { Inputs } from "../core/work/outcomes.ts";
import { inLanes } from "../core/work/lanes_of_names.ts";
import type { Context } from "./opening/context.ts";
import { refMeant } from "./look/ref_meant.ts";
import { loadValue } from "./load.ts";
import { saveValue } from "./save.ts";

/** How many at once where nobody says: a store that answers late has time for more, and a load asks it twice. */
const AT_ONCE = { near: 16, save: 32, load: 48 };

/** Options of many saves or loads in this registry. */
export function manyOptions<O extends ManyOptions>(
  { backend }: { backend?: Pick<Backend, "kind"> },
  verb: "save" | "load",
  options: O,
): O {
  const kind = backend?.kind;
  const { concurrency = kind === "memory" || kind === "local" ? AT_ONCE.near : AT_ONCE[verb] } = options;
  return { ...options, concurrency };
}

/** {@linkcode Registry.saveMany} */
export function saveMany(
  context: Context,
  entries: Inputs<SaveEntry>,
  options: ManyOptions = {},
): Promise<BatchResult<SavedArtifact>> {
  const { signal } = options;
  const save = inLanes(
    context,
    (entry: SaveEntry) => {
      checkSaveEntry(entry);
      const { name, value, ...saveOptions } = entry;
      return saveValue(context, name, value, { ...saveOptions, signal });
    },
  );
  return collectOutcomes(outcomesOf(entries, save, manyOptions(context, "save", options)), options);
}

/** {@linkcode Registry.loadMany} */
export function loadMany(
  context: Context,
  refs: Inputs<string>,
  options: ManyOptions & Omit<LoadOptions, "signal" | "onProgress"> = {},
): Promise<BatchResult<unknown>> {
  const { concurrency: _, stopOnError: __, onProgress: ___, ...loadOptions } = options;
  const load = async (ref: string) => loadValue(context, await refMeant(context, ref, loadOptions), loadOptions);
  return collectOutcomes(outcomesOf(refs, load, manyOptions(context, "load", options)), options);
}

// The verbs of a registry that follow from its others: many at once, and what a map has.
import type { Backend } from "../../core/backend.ts";
import {
  fault,
  isRegistryError,
  isUnreadable,
  orMissing,
  type RegistryError,
} from "../../core/errors.ts";
import { parseRef } from "../../core/naming/refs.ts";
import type { BatchResult, Inputs, ManyOptions, SaveEntry } from "../../core/registry/many.ts";
import type { ClearOptions, NamesOptions } from "../../core/registry/map_habits.ts";
import type {
  OnConflict,
  SavedArtifact,
  SaveOptions,
  SignalOptions,
} from "../../core/registry/saving.ts";
import type { LoadOptions, Registry } from "../../core/registry.ts";
import { createVerbCall } from "./verb_call.ts";
import { checkSaveEntry } from "./verb_options.ts";
import { inWords, worded } from "./verb_errors.ts";
import { createLanes } from "../../core/work/lanes.ts";
import { isVersion, parseVersion } from "../../core/naming/versions.ts";
import { collectOutcomes, outcomesOf } from "../../core/work/outcomes.ts";

export interface BasicVerbs
  extends Pick<Registry, "settings" | "info" | "has" | "delete" | "names"> {
  /** The store, where there is one here: those that answer late are asked more at once. */
  readonly backend?: Pick<Backend, "kind">;
  save(name: string, value: unknown, options?: SaveOptions): Promise<SavedArtifact>;
  /** Loads a value. `NotFound` where there is none. */
  load(ref: string, options?: LoadOptions): Promise<unknown>;
  /** Loads a value, if there is one. What a materializer does not find is no such answer, but thrown. */
  loadIfThere(ref: string, options?: SignalOptions): Promise<{ value: unknown } | undefined>;
}

export type DerivedVerbs = Pick<
  Registry,
  | "get"
  | "set"
  | "update"
  | "setDefault"
  | "pop"
  | "clear"
  | "size"
  | "keys"
  | "values"
  | "entries"
  | "saveMany"
  | "loadMany"
  | "infoMany"
  | "hasMany"
  | "deleteMany"
>;

/** How many at once where nobody says: a store that answers late has time for more, and a load asks it twice. */
const AT_ONCE = { near: 16, writes: 32, reads: 48 };

export function manyOptions<O extends ManyOptions>(
  { backend }: Pick<BasicVerbs, "backend">,
  way: "reads" | "writes",
  options: O,
): O {
  const near = backend === undefined || backend.kind === "memory" || backend.kind === "local";
  const { concurrency = near ? AT_ONCE.near : AT_ONCE[way] } = options;
  return { ...options, concurrency };
}

export function createDerivedVerbs(basis: BasicVerbs): DerivedVerbs {
  const { mutable, versioned } = basis.settings;
  const onConflict = mutable && !versioned ? "overwrite" : "fail";
  const set = (name: string, value: unknown) => basis.save(name, value, { onConflict });

  function many<I, T, O extends ManyOptions>(
    verb: "save" | "load" | "info" | "has" | "delete",
    inputs: Inputs<I>,
    options: O,
    action: (input: I, how: Omit<O, "concurrency" | "stopOnError" | "onProgress">) => Promise<T>,
  ) {
    const { concurrency: _, stopOnError: __, onProgress: ___, ...how } = options;
    const one = (input: I) => worded(createVerbCall(verb, input), () => action(input, how));
    const way = verb === "save" || verb === "delete" ? "writes" : "reads";
    const outcomes = outcomesOf(inputs, one, manyOptions(basis, way, options));
    return collectOutcomes(outcomes, options);
  }

  const saveMany: Registry["saveMany"] = (entries, options = {}) => {
    const { signal } = options;
    const save = (entry: SaveEntry) => {
      const { name, value, ...how } = checkSaveEntry(entry);
      return basis.save(name, value, { ...how, signal });
    };
    return many("save", entries, options, inLanes(basis, save));
  };

  async function* entries(
    options?: NamesOptions,
  ): AsyncGenerator<[string, unknown, RegistryError?]> {
    for await (const name of basis.names(options)) {
      const entry = await entryOf(name, options?.signal);
      if (entry !== undefined) yield entry; // else it was deleted since it was listed
    }
  }

  async function entryOf(
    name: string,
    signal?: AbortSignal,
  ): Promise<[string, unknown, RegistryError?] | undefined> {
    try {
      const there = await basis.loadIfThere(name, { signal });
      return there && [name, there.value];
    } catch (error) {
      const told = inWords({ verb: "load", ref: name }, error);
      if (!isUnreadable(told)) throw told;
      return [name, undefined, told];
    }
  }

  return {
    get: async (ref) => (await basis.loadIfThere(ref))?.value,
    set,
    async update(values, options) {
      const isObject = !(Symbol.iterator in values || Symbol.asyncIterator in values);
      const saves = savesOf(isObject ? Object.entries(values) : values, onConflict);
      return allOf(await saveMany(saves, { ...options, stopOnError: true }));
    },
    async setDefault(name, value) {
      const there = await basis.loadIfThere(name);
      if (there !== undefined) return there.value;
      const first = versioned ? { version: "1.0.0" } : {};
      try {
        const { skipped } = await basis.save(name, value, { ...first, onConflict: "skip" });
        return skipped ? await basis.load(name) : value;
      } catch (error) {
        if (!isRegistryError(error, "AlreadyExists")) throw error; // else it was deleted: a number is not used again
      }
      await set(name, value);
      return value;
    },
    async pop(ref) {
      const { name } = parseRef(ref);
      for (;;) {
        const info = await orMissing(basis.info(ref));
        const there = info && await basis.loadIfThere(`${name}@${info.version}`);
        if (info === undefined) return undefined;
        if (there === undefined) continue; // another one was faster: what there is now is looked for
        const { version, commit } = info;
        try {
          if (await basis.delete(name, { version, ifCommit: commit })) return there.value;
        } catch (error) {
          const now = await orMissing(basis.info(`${name}@${version}`));
          if (!isRegistryError(error, "Conflict") || now?.commit === commit) throw error; // an alias names it
        }
      }
    },
    async clear({ prefix, force, signal, allVersions }: Partial<ClearOptions> = {}) {
      checkAllVersions(allVersions);
      const names = basis.names({ prefix, signal });
      const how = { allVersions: true, force, signal, stopOnError: true };
      return allOf(await many("delete", names, how, basis.delete)).length;
    },
    async size(options) {
      let count = 0;
      for await (const _ of basis.names(options)) count++;
      return count;
    },
    keys: (options) => basis.names(options),
    async *values(options) {
      let failure: RegistryError | undefined;
      for await (const [, value, error] of entries(options)) {
        if (error === undefined) yield value;
        else failure ??= error;
      }
      if (failure !== undefined) throw failure;
    },
    entries,
    saveMany,
    loadMany: (refs, options = {}) => many("load", refs, options, basis.load),
    infoMany: (refs, options = {}) => many("info", refs, options, basis.info),
    hasMany: (refs, options = {}) => many("has", refs, options, basis.has),
    deleteMany: (refs, options = {}) => many("delete", refs, options, basis.delete),
  };
}

async function* savesOf(
  pairs: Inputs<readonly [name: string, value: unknown, error?: RegistryError]>,
  onConflict: OnConflict,
): AsyncGenerator<SaveEntry> {
  for await (const [name, value, error] of pairs) {
    if (error !== undefined) throw error;
    yield { name, value, onConflict };
  }
}

/** All values, or the first failure. */
function allOf<T>({ results }: BatchResult<T>): T[] {
  return results.map((result) => {
    if (!result.ok) throw result.error;
    return result.value;
  });
}

function checkAllVersions(allVersions: unknown): void {
  if (allVersions === true) return;
  throw fault({
    code: "Invalid",
    action: "clear the registry",
    state: "allVersions is not true",
    hint:
      "This deletes every version of every name: say so by clear({ allVersions: true }), or give a prefix too.",
  });
}

/** What meets in one cell goes in input order: versions are numbered so, and the first of two equals wins. */
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

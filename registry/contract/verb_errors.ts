// Errors of a store as errors of the method that was called: they name what the caller asked for, not
// the object concerned.
import { isRegistryError, type RegistryError, retold } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { VerbCall } from "./verb_call.ts";

/** The actions of methods whose names differ from it. The ref follows. */
const ACTIONS: Readonly<Record<string, string>> = {
  get: "load",
  loadMany: "load",
  values: "load values",
  set: "save",
  setDefault: "save",
  saveMany: "save",
  update: "save",
  pop: "take",
  info: "look up",
  infoMany: "look up",
  has: "look up",
  hasMany: "look up",
  deleteMany: "delete",
  clear: "clear the registry",
  clearCache: "clear the cache",
  size: "count names",
  names: "list names",
  keys: "list names",
  entries: "list entries",
  versions: "list versions of",
  aliases: "list aliases of",
  setAlias: "set an alias of",
  deleteAlias: "delete an alias of",
  history: "tell the history of an alias of",
  openDraft: "open a draft of",
  lineage: "follow the lineage of",
  createUpload: "begin an upload",
  commitUpload: "save an upload",
  presignDownload: "give a URL of",
};

/** The states of damaged records, by the action that failed. */
const RECORDS: Readonly<Record<string, string>> = {
  "read record": "a record cannot be read",
  "trust record": "a record cannot be trusted",
};

/**
 * Tells an error about an object of the store as one of the call: `Cannot put "names/model/…": the disk is full` becomes
 * `Cannot save "model": the disk is full`. The key stays beside it. Returns any other error as it is.
 *
 * @example
 * ```ts
 * import { fault, type RegistryError } from "../../core/errors.ts";
 * import { inWords } from "./verb_errors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const key = "names/model/versions/…";
 * const error = fault({ code: "Denied", action: "put", subject: `"${key}"`, state: "access denied", key });
 * const told = inWords({ verb: "save", ref: "model" }, error) as RegistryError;
 * assertEquals([told.message, told.key], ['Cannot save "model": access denied', key]);
 * ```
 */
export function inWords({ verb, ref }: VerbCall, error: unknown): unknown {
  if (!isRegistryError(error) || !isOfStore(error)) return error;
  const { action = "", subject, state = "", place } = error;
  const known = RECORDS[action];
  return retold(error, {
    action: ACTIONS[verb] ?? verb,
    subject: ref === undefined ? undefined : shown(ref),
    state: known === undefined ? state : `${known}: ${state}`,
    place: place === subject ? undefined : place,
  });
}

/** Does what a verb does; an error of the store is told by {@linkcode inWords}. */
export async function worded<T>(call: VerbCall, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw inWords(call, error);
  }
}

/** Methods whose errors are told by {@linkcode inWords}: what each does, by its name. */
export function wordedVerbs<V extends object>(
  verbs: V,
  words: { readonly [K in keyof V]?: string },
): V {
  const methods = verbs as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const [name, verb] of Object.entries<string | undefined>(words)) {
    const inner = methods[name];
    methods[name] = (...args) => worded({ verb: verb! }, () => inner(...args));
  }
  return verbs;
}

export function wordedListing<T>(call: VerbCall, items: AsyncIterable<T>): AsyncIterable<T> {
  const fail = (error: unknown) => {
    throw inWords(call, error);
  };
  return {
    [Symbol.asyncIterator]() {
      const steps = items[Symbol.asyncIterator]();
      return {
        next: () => steps.next().catch(fail),
        return: async () => await steps.return?.() ?? { done: true, value: undefined },
      };
    },
  };
}

/** Whether an error is about an object or the location of the store, which callers did not name. */
function isOfStore({ subject, place, key, backend }: RegistryError): boolean {
  if (subject === undefined) return false;
  if (key !== undefined && (subject === `"${key}"` || subject === shown(key))) return true;
  return subject === backend && place !== undefined; // only drivers say where it is
}

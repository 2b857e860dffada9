// Errors of a store in the words of who called a verb: what they asked for, not which object was
// concerned.
import { isRegistryError, type RegistryError, retold } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { VerbCall } from "./verb_call.ts";

/** What verbs do, where their own names do not say it; what they are about follows. */
const WORDS: Readonly<Record<string, string>> = {
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

/** What cannot be done with a record that is damaged. */
const RECORDS: Readonly<Record<string, string>> = {
  "read record": "a record cannot be read",
  "trust record": "a record cannot be trusted",
};

/**
 * An error of a call, told as one of that call: `Cannot put "names/model/…": the disk is full` becomes
 * `Cannot save "model": the disk is full`. The key stays beside it. Any other error is returned as it is.
 *
 * @example
 * ```ts
 * import { RegistryError } from "../../core/errors.ts";
 * import { inWords } from "./verb_errors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const key = "names/model/versions/…";
 * const error = new RegistryError({ code: "Denied", message: `Cannot put "${key}": access denied`, key });
 * const told = inWords({ verb: "save", ref: "model" }, error) as RegistryError;
 * assertEquals([told.message, told.key], ['Cannot save "model": access denied', key]);
 * ```
 */
export function inWords({ verb, ref }: VerbCall, error: unknown): unknown {
  if (!isRegistryError(error)) return error;
  const state = stateOf(error);
  if (state === undefined) return error;
  const action = `${WORDS[verb] ?? verb}${ref === undefined ? "" : ` ${shown(ref)}`}`;
  return retold(error, { message: `Cannot ${action}: ${state}` });
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

/** What an error says of an object or a place of the store, without its key; undefined where it is in other words. */
function stateOf({ message, key, backend }: RegistryError): string | undefined {
  for (const object of key === undefined ? [] : [`"${key}"`, shown(key)]) {
    const state = behind(message, object);
    if (state !== undefined) return state;
  }
  return backend === undefined ? undefined : behind(message, backend);
}

function behind(message: string, object: string): string | undefined {
  const at = message.indexOf(` ${object}: `);
  const action = /^Cannot ([a-z]+(?: [a-z]+)?)$/.exec(message.slice(0, Math.max(at, 0)))?.[1];
  if (action === undefined) return undefined;
  const state = message.slice(at + object.length + 3);
  return RECORDS[action] === undefined ? state : `${RECORDS[action]}: ${state}`;
}

// Rewrites errors of a store as errors of the called method.
import { type Advice, isRegistryError, type RegistryError, retold } from "../errors.ts";
import { shown } from "../naming/names.ts";
import type { VerbCall } from "./verb_call.ts";

/**
 * Rewrites an error about a stored object as one of the call: `Cannot put "names/model/…": the disk
 * is full` becomes `Cannot save "model": the disk is full`. The key stays a field. Returns other
 * errors as they are.
 */
export function inWords({ verb, ref }: VerbCall, error: unknown): unknown {
  if (!isRegistryError(error) || !isOfStore(error)) return error;
  const { action = "", subject, state = "", place } = error;
  const isOfPayload = error.code === "Unavailable" && error.key?.startsWith("objects/") &&
    (action === "get" || action === "read");
  return retold(error, {
    ...isOfPayload && ifAlone(error),
    action: verb,
    subject: ref === undefined ? undefined : shown(ref),
    state: action === "read record" ? `a record cannot be read: ${state}` : state,
    place: place === subject ? undefined : place,
  });
}

/** For stores that return nothing of a rotten object. */
function ifAlone({ hint }: RegistryError): Advice {
  const advice = "If other versions can be read, the object is damaged: " +
    "verifyRegistry(registry, { repairFrom: mirror }).";
  return {
    hint: hint === undefined ? advice : `${hint} ${advice}`,
    reason: { kind: "object_unreadable" },
  };
}

export async function worded<T>(call: VerbCall, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw inWords(call, error);
  }
}

/** Applies {@linkcode inWords} to the errors of methods, with these actions. */
export function wordedVerbs<V extends object>(
  verbs: V,
  words: { readonly [K in keyof V]?: string },
): V {
  const methods = verbs as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const [name, verb] of Object.entries<string | undefined>(words)) {
    const inner = methods[name];
    if (inner) methods[name] = (...args) => worded({ verb: verb! }, () => inner(...args));
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

/** True for an error about an object or the location of the store, which callers did not name. */
function isOfStore({ subject, place, key, backend }: RegistryError): boolean {
  if (subject === undefined) return false;
  if (key !== undefined && (subject === `"${key}"` || subject === shown(key))) return true;
  return subject === backend && place !== undefined; // only drivers set `place`
}

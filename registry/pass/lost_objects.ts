// Objects that the store cannot return although it answers. Some stores notice rotten bytes and
// break the connection for as long as the object is there, and a bad sector of a disk is an error of
// each read: the object is damaged, the store is not away.
import type { Backend, GetOptions, StoredObject } from "../../core/backend.ts";
import { iterableStream, passObject, storedObject } from "../../core/bytes/bytes.ts";
import { corrupt, isRegistryError, messageOf, type RegistryError } from "../../core/errors.ts";
import { valueAt } from "../../core/faults/present.ts";
import { saveAgain } from "../cell/part_runs.ts";
import { OBJECTS } from "../format/layout.ts";
import type { Context } from "../operations/context.ts";
import { checkAnswers } from "./readable.ts";

/**
 * Returns a context in which such an object is `Corrupt`. Before it is, the object has failed twice,
 * and the settings could be read after each attempt.
 */
export function findingLostObjects(context: Context): Context {
  const { backend } = context;
  const lost = new Map<string, RegistryError>();

  async function get(key: string, options: GetOptions = {}): Promise<StoredObject | undefined> {
    const known = lost.get(key);
    if (known !== undefined) throw known; // each attempt takes as long as the store may be away
    return await explained(key, options, async () => {
      const object = await backend.get(key, options);
      return object && explainedObject(object, options);
    });
  }

  function explainedObject(object: StoredObject, options: GetOptions): StoredObject {
    const { info: { key } } = object;
    const chunks = async function* () {
      const reader = object.body.getReader();
      try {
        for (;;) {
          const next = await explained(key, options, () => reader.read());
          if (next.done) return;
          yield next.value;
        }
      } finally {
        await reader.cancel().catch(() => {}); // not needed
      }
    };
    return storedObject(object.info, {
      url: object.url,
      body: () => iterableStream(chunks()),
      bytes: () => explained(key, options, () => object.bytes()),
      passTo: (write) => explained(key, options, () => passObject(object, write, options.signal)),
    });
  }

  async function explained<T>(
    key: string,
    options: GetOptions,
    read: () => Promise<T>,
  ): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw await isLost(key, options, error) ? valueAt(lost, key) : error;
    }
  }

  /** Returns true, and remembers the object, if it alone cannot be read. */
  async function isLost(key: string, options: GetOptions, first: unknown): Promise<boolean> {
    if (!isRegistryError(first, "Unavailable") || first.key !== key) return false;
    const { signal } = options;
    try {
      await checkAnswers(backend, signal);
      const object = await backend.get(key, options);
      if (object !== undefined) await passObject(object, () => {}, signal);
      return false;
    } catch (error) {
      if (!isRegistryError(error, "Unavailable") || error.key !== key) throw error;
      await checkAnswers(backend, signal);
      lost.set(key, lostObject(backend, key, error));
      return true;
    }
  }

  const replaced: Partial<Record<PropertyKey, unknown>> = { get, getFirst: undefined };
  const reading = new Proxy(backend, {
    get(target, name) {
      if (Object.hasOwn(replaced, name)) return replaced[name];
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { ...context, backend: reading };
}

function lostObject(backend: Backend, key: string, cause: RegistryError): RegistryError {
  const { state = messageOf(cause) } = cause;
  const reason = "The store answers, and this object alone cannot be read.";
  const isPayload = key.startsWith(OBJECTS);
  return corrupt("read", `"${key}"`, `the store fails to return it: ${state}`, {
    ...isPayload ? saveAgain(reason) : { hint: `${reason} Restore the object from a backup.` },
    key,
    backend: backend.location,
    cause,
  });
}

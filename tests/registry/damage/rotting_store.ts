// A store that never returns some objects, as some do with rotten bytes.
import type { Backend, StoredObject } from "../../../core/backend.ts";
import { unavailable } from "../../../core/errors.ts";
import { createMemoryBackend } from "../../../mod.ts";

export interface Rot {
  backend: Backend;
  /** Keys that cannot be read until they are put again. */
  readonly keys: Set<string>;
  /** Fails this many reads of any object. */
  outage: number;
}

/** A store that breaks the connection before the reply, or `halfway` in the bytes of the object. */
export function rotting(halfway: boolean): Rot {
  const inner = createMemoryBackend();
  const broken = (key: string) =>
    unavailable("get", `"${key}"`, "the connection broke before the reply", {
      hint: "Check the network and the store, then try again.",
      key,
      backend: inner.location,
    });
  const breaking = (object: StoredObject): StoredObject => {
    const { info } = object;
    const fail = () => Promise.reject(broken(info.key));
    return {
      info,
      get body() {
        const half = new Uint8Array(info.size >> 1);
        return new ReadableStream({
          start: (controller) => controller.enqueue(half),
          pull: (controller) => controller.error(broken(info.key)),
        }, { highWaterMark: 0 });
      },
      bytes: fail,
    };
  };
  const rot: Rot = {
    keys: new Set(),
    outage: 0,
    backend: {
      kind: "rotting",
      location: "rotting:",
      head: (key, options) => inner.head(key, options),
      delete: (key, options) => inner.delete(key, options),
      list: (prefix, options) => inner.list(prefix, options),
      async put(key, ...more) {
        const result = await inner.put(key, ...more);
        rot.keys.delete(key);
        return result;
      },
      async get(key, options) {
        if (rot.outage > 0 && rot.outage--) throw broken(key);
        if (!rot.keys.has(key)) return await inner.get(key, options);
        if (!halfway) throw broken(key);
        const object = await inner.get(key, options);
        return object && breaking(object);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
  };
  return rot;
}

// A store whose objects are older or younger than they are.
import type { Backend, ObjectInfo, Prefix, PutResult, StoredObject } from "../../core/backend.ts";
import { isPrefix } from "../../core/backend.ts";

/** Options of {@linkcode withShiftedTime}. */
export interface ShiftedTimeOptions {
  /** Milliseconds to add to the store's time of an object; negative makes it older. Asked anew for every reply. */
  shiftMs(info: ObjectInfo): number;
}

/**
 * Wraps a store so that it reports other times: the only way to have old objects on a real one. Unfinished uploads
 * are not shifted, so sweeping them is not offered.
 *
 * @example
 * ```ts
 * import { createMemoryBackend } from "@holdfast/holdfast";
 * import { withShiftedTime } from "@holdfast/holdfast/testing/simulate";
 * import { assert } from "@std/assert";
 *
 * const store = withShiftedTime(createMemoryBackend(), { shiftMs: () => -86_400_000 });
 * await store.put("a", new Uint8Array());
 * assert((await store.head("a"))!.modifiedAt < Date.now() - 86_000_000);
 * ```
 */
export function withShiftedTime(inner: Backend, { shiftMs }: ShiftedTimeOptions): Backend {
  const shifted = (info: ObjectInfo): ObjectInfo => ({
    ...info,
    modifiedAt: info.modifiedAt + shiftMs(info),
  });
  const { deleteMany, presign, copy, sync, getFirst, reserve } = inner;

  return {
    kind: inner.kind,
    location: inner.location,
    locking: inner.locking,
    layout: inner.layout,

    async head(key, options) {
      const info = await inner.head(key, options);
      return info && shifted(info);
    },
    async get(key, options) {
      return shiftedObject(await inner.get(key, options));
    },
    async put(key, body, options): Promise<PutResult> {
      const result = await inner.put(key, body, options);
      return result.written ? { written: true, info: shifted(result.info) } : result;
    },
    delete: (key, options) => inner.delete(key, options),
    async *list(prefix, options): AsyncGenerator<ObjectInfo | Prefix> {
      for await (const entry of inner.list(prefix, options)) {
        yield isPrefix(entry) ? entry : shifted(entry);
      }
    },

    ...(deleteMany && { deleteMany: deleteMany.bind(inner) }),
    ...(presign && { presign: presign.bind(inner) }),
    ...(copy && {
      copy: async (from, to, options) => shifted(await copy.call(inner, from, to, options)),
    } satisfies Pick<Backend, "copy">),
    ...(sync && { sync: sync.bind(inner) }),
    ...(reserve && { reserve: reserve.bind(inner) }),
    ...(getFirst && {
      getFirst: async (prefix, options) =>
        shiftedObject(await getFirst.call(inner, prefix, options)),
    } satisfies Pick<Backend, "getFirst">),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };

  function shiftedObject(found: StoredObject | undefined): StoredObject | undefined {
    if (found === undefined) return undefined;
    return {
      info: shifted(found.info),
      get body() {
        return found.body;
      },
      bytes: () => found.bytes(),
    };
  }
}

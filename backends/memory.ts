// deno-lint-ignore-file require-await -- an error must be a rejection, also without an await
/**
 * The memory backend: the reference implementation of the {@linkcode Backend} contract, and a
 * starting point for your own backend.
 *
 * @module
 */
import type { Backend, ListOptions, ObjectInfo, PutResult } from "../core/backend.ts";
import {
  bodyBytes,
  checkBodySize,
  clipRange,
  compareUtf8,
  plainBytes,
  storedBytes,
} from "../core/bytes/bytes.ts";
import { fault } from "../core/errors.ts";
import { checkRemovals } from "../core/options/check_delete.ts";
import { itemAt, valueAt } from "../core/faults/present.ts";
import { realSystem, type System } from "../core/system.ts";
import { firstIndex } from "../core/text/first_index.ts";

/**
 * Creates a backend in memory.
 *
 * @example
 * ```ts
 * import { createMemoryBackend } from "@holdfast/holdfast/backends/memory";
 * import { assertEquals } from "@std/assert";
 *
 * const backend = createMemoryBackend();
 * await backend.put("a/1", new TextEncoder().encode("one"));
 * const lost = await backend.put("a/1", new Uint8Array(), { mode: "create" });
 * assertEquals(lost, { written: false, reason: "exists" });
 * ```
 */
export function createMemoryBackend(
  { system = realSystem, id = system.id() }: {
    /** The name of this store in messages. @default a new id */
    id?: string;
    system?: System;
  } = {},
): Backend {
  const objects = new Map<string, { bytes: Uint8Array; info: ObjectInfo }>();
  const keys: string[] = []; // of `objects`, sorted
  let writes = 0;

  return checkRemovals<Backend>({
    kind: "memory",
    location: `memory:${id}`,

    async head(key, { signal } = {}) {
      signal?.throwIfAborted();
      return objects.get(key)?.info;
    },

    async get(key, { range, signal } = {}) {
      signal?.throwIfAborted();
      const object = objects.get(key);
      if (object === undefined) return undefined;
      const { start, end } = clipRange(range, object.info);
      return storedBytes(object.info, object.bytes.slice(start, end));
    },

    async put(key, body, { mode, size, signal } = {}): Promise<PutResult> {
      signal?.throwIfAborted();
      const bytes = plainBytes(await bodyBytes(body, signal)).slice();
      signal?.throwIfAborted();
      checkBodySize(bytes.byteLength, { size, key });
      if (mode === "create" && objects.has(key)) return { written: false, reason: "exists" };
      if (!objects.has(key)) keys.splice(firstFrom(keys, key), 0, key);
      const info = { key, size: bytes.byteLength, modifiedAt: system.now(), etag: `${++writes}` };
      objects.set(key, { bytes, info });
      return { written: true, info };
    },

    async delete(key, { ifEtag, signal } = {}) {
      signal?.throwIfAborted();
      const etag = objects.get(key)?.info.etag;
      if (ifEtag !== undefined && etag !== undefined && etag !== ifEtag) {
        const state = "it changed meanwhile";
        throw fault({ code: "Conflict", action: "delete", subject: `"${key}"`, state, key });
      }
      if (objects.delete(key)) keys.splice(firstFrom(keys, key), 1);
    },

    async *list(prefix, { after = "", limit = Infinity, delimiter, signal }: ListOptions = {}) {
      // Each step searches again: keys may come and go while the caller reads.
      let from = compareUtf8(after, prefix) < 0 ? prefix : after;
      for (; limit > 0; limit--) {
        signal?.throwIfAborted();
        const place = firstFrom(keys, from);
        const key = keys[place] === after ? keys[place + 1] : keys[place];
        if (!key?.startsWith(prefix)) return;
        const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
        const group = key.slice(0, end + 1);
        from = group === "" ? `${key}\0` : `${group.slice(0, -1)}0`; // "0" follows "/"
        if (group !== "" && compareUtf8(group, after) <= 0) limit++; // listed already
        else yield group === "" ? valueAt(objects, key).info : { prefix: group };
      }
    },

    async [Symbol.asyncDispose]() {},
  });
}

/** Returns the index of the first sorted key that is not less than `key`. */
function firstFrom(keys: readonly string[], key: string): number {
  return firstIndex(keys.length, (at) => compareUtf8(itemAt(keys, at), key) >= 0);
}

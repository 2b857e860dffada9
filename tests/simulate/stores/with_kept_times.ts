// A store that was restored from a copy of its disk: objects have the times and ETags that they had.
import { type Backend, isPrefix, type ObjectInfo } from "../../../core/backend.ts";
import { storedObject } from "../../../core/bytes/bytes.ts";
import { withoutExtras } from "./like.ts";

/** An object of a copy. */
export interface Copied {
  key: string;
  bytes: Uint8Array;
  info: ObjectInfo;
}

/** The facts of restored objects, by key, and the ETags that they have in truth. */
export type KeptTimes = Map<string, { was: ObjectInfo; etag?: string }>;

export async function copyOf(store: Backend): Promise<Copied[]> {
  const copy: Copied[] = [];
  for await (const entry of store.list("")) {
    const object = isPrefix(entry) ? undefined : await store.get(entry.key);
    if (object === undefined) continue;
    copy.push({ key: object.info.key, bytes: (await object.bytes()).slice(), info: object.info });
  }
  return copy;
}

/** Puts a copy in the place of all objects. Returns what `withKeptTimes` shows. */
export async function restore(
  store: Backend,
  copy: readonly Copied[],
  kept: KeptTimes = new Map(),
): Promise<KeptTimes> {
  for (const { key } of await copyOf(store)) await store.delete(key);
  kept.clear();
  for (const { key, bytes, info } of copy) {
    await store.put(key, bytes);
    kept.set(key, { was: info, etag: (await store.head(key))?.etag });
  }
  return kept;
}

/** Shows restored objects as they were, until they are written again. */
export function withKeptTimes(inner: Backend, kept: KeptTimes): Backend {
  const shown = (info: ObjectInfo): ObjectInfo => {
    const { was, etag } = kept.get(info.key) ?? {};
    return was !== undefined && etag === info.etag
      ? { ...info, modifiedAt: was.modifiedAt, etag: was.etag }
      : info;
  };
  return {
    ...withoutExtras(inner),
    async head(key, options) {
      const info = await inner.head(key, options);
      return info && shown(info);
    },
    async get(key, options) {
      const object = await inner.get(key, options);
      if (object === undefined) return undefined;
      return storedObject(shown(object.info), {
        body: () => object.body,
        bytes: () => object.bytes(),
      });
    },
    async *list(prefix, options) {
      for await (const entry of inner.list(prefix, options)) {
        yield isPrefix(entry) ? entry : shown(entry);
      }
    },
  };
}

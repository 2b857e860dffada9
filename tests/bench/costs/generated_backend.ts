// A store with up to a billion records that it computes when they are asked for: listings of large
// registries, without their bytes. What a test writes is kept in memory beside them.
import {
  type Backend,
  isPrefix,
  type ListOptions,
  type ObjectInfo,
  type Prefix,
} from "../../../core/backend.ts";
import { encodeName } from "../../../core/naming/names.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { wrapBackend } from "../../../core/work/wrap_backend.ts";
import { createMemoryBackend, type System } from "../../../mod.ts";
import { recordKey, versionCell } from "../../../registry/format/layout.ts";
import { encodeRecord } from "../../../registry/format/record_codec.ts";
import { uuidv7 } from "../../simulate/simulated_system.ts";

/** Names with so many versions each, saved a second apart. The newest record is of `endsAt`. */
export interface GeneratedSize {
  names: number;
  versions: number;
  endsAt: number;
}

const SECOND = 1000;

/** Returns a generated name: all sort by their number. */
export function nameAt(n: number): string {
  return `data:${String(n).padStart(9, "0")}`;
}

/** Adds generated records to a store. A record of `example` is the pattern of all. */
export function withGenerated(
  inner: Backend,
  { names, versions, endsAt }: GeneratedSize,
  { example, inline, system, metadataOf = () => example.metadata }: {
    example: VersionRecord;
    inline: Uint8Array;
    system: System;
    /** Returns the metadata of a record, by its place among all. @default that of the example */
    metadataOf?(index: number): VersionRecord["metadata"];
  },
): Backend {
  const count = names * versions;
  const versionOf = (index: number) => versions - index % versions; // the newest is listed first
  const timeOf = (index: number) => {
    const n = Math.floor(index / versions);
    return endsAt - (count - n * versions - versionOf(index)) * SECOND;
  };
  // Keys of a name differ only in its folder.
  const nameless = (version: number) =>
    recordKey(versionCell("x", parseVersion(`${version}.0.0`), true), 1).slice("names/x".length);
  const only = versions === 1 ? nameless(1) : undefined;
  const keyAt = (index: number) =>
    `names/${encodeName(nameAt(Math.floor(index / versions)))}${
      only ?? nameless(versionOf(index))
    }`;
  const infoAt = (index: number, key: string): ObjectInfo => {
    return { key, size: 600, modifiedAt: timeOf(index), etag: "1" };
  };

  /** Returns the index of the first key that is not less than `key`. */
  const firstFrom = (key: string): number => {
    let low = 0, high = count;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (keyAt(middle) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const indexOf = (key: string): number | undefined => {
    const index = firstFrom(key);
    return index < count && keyAt(index) === key ? index : undefined;
  };

  /** A record of this index, in a store of its own. */
  const stored = async (index: number, key: string): Promise<Backend> => {
    const at = timeOf(index);
    const date = new Date(at).toISOString();
    const random = new Uint8Array(10);
    new DataView(random.buffer).setFloat64(0, index);
    const bytes = encodeRecord({
      ...example,
      name: nameAt(Math.floor(index / versions)),
      version: `${versionOf(index)}.0.0`,
      metadata: metadataOf(index),
      commit: uuidv7(at, random),
      startedAt: date,
      createdAt: date,
    }, [inline]);
    const alone = createMemoryBackend({ system: { ...system, now: () => at } });
    await alone.put(key, bytes);
    return alone;
  };

  function* generated(
    prefix: string,
    { after = "", delimiter }: ListOptions,
  ): Generator<ObjectInfo | Prefix> {
    for (let index = firstFrom(after > prefix ? after : prefix); index < count;) {
      const key = keyAt(index);
      if (!key.startsWith(prefix)) return;
      const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length);
      if (end < 0) {
        if (key !== after) yield infoAt(index, key);
        index++;
      } else {
        const folder = key.slice(0, end + 1);
        if (folder > after) yield { prefix: folder };
        index = firstFrom(`${folder}\x7f`);
      }
    }
  }

  const keyOf = (entry: ObjectInfo | Prefix) => isPrefix(entry) ? entry.prefix : entry.key;

  async function* list(prefix: string, options: ListOptions = {}) {
    const { limit = Infinity, signal } = options;
    const all = generated(prefix, options);
    let next = all.next();
    let listed = 0;
    for await (const entry of inner.list(prefix, options)) {
      for (; !next.done && keyOf(next.value) < keyOf(entry); next = all.next()) {
        if (listed++ === limit) return;
        yield next.value;
      }
      if (!next.done && keyOf(next.value) === keyOf(entry)) next = all.next();
      if (listed++ === limit) return;
      yield entry;
    }
    for (; !next.done && listed < limit; next = all.next(), listed++) {
      if (listed % 1000 === 0) signal?.throwIfAborted();
      yield next.value;
    }
  }

  return wrapBackend(inner, {
    reopen: undefined,
    list,
    async get(key, options) {
      const index = indexOf(key);
      return index === undefined
        ? await inner.get(key, options)
        : await (await stored(index, key)).get(key, options);
    },
    async head(key, options) {
      const index = indexOf(key);
      return index === undefined ? await inner.head(key, options) : infoAt(index, key);
    },
    async put(key, body, options) {
      if (indexOf(key) === undefined) return await inner.put(key, body, options);
      if (options?.mode === "create") return { written: false, reason: "exists" };
      throw new Error(`Cannot overwrite ${key}: it is generated`);
    },
  });
}

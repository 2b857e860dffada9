// Stores that look like buckets and fail one requirement each.
import { createMemoryBackend } from "../../../backends/memory.ts";
import {
  type Backend,
  isPrefix,
  type ListOptions,
  type ObjectInfo,
  type Prefix,
  type StoredObject,
} from "../../../core/backend.ts";
import { bodyBytes } from "../../../core/bytes/bytes.ts";
import { RegistryError } from "../../../core/errors.ts";

export type Vice = (
  inner: Backend,
) => Partial<Pick<Backend, "head" | "get" | "put" | "delete" | "list" | "deleteMany">>;

/** A bucket for a probe, with one vice or none. */
export function bucket(vice: Vice = () => ({}), inner: Backend = createMemoryBackend()): Backend {
  return {
    kind: "s3",
    location: "s3://unruly",
    head: inner.head,
    get: inner.get,
    put: inner.put,
    delete: inner.delete,
    list: inner.list,
    [Symbol.asyncDispose]: inner[Symbol.asyncDispose],
    ...vice(inner),
  };
}

/** Every create wins, as if the header were unknown. */
export const ignoresConditions: Vice = (inner) => ({
  put: (key, body, options) => inner.put(key, body, { ...options, mode: "overwrite" }),
});

/** Checks that the key is free, then writes: fails in races. */
export const looksThenWrites: Vice = (inner) => ({
  async put(key, body, options) {
    if (options?.mode === "create" && await inner.head(key) !== undefined) {
      return { written: false, reason: "exists" };
    }
    const bytes = await bodyBytes(body);
    await Promise.resolve();
    return await inner.put(key, bytes, { ...options, mode: "overwrite" });
  },
});

/** Checks the condition only for created, not for overwritten objects. */
export const forgetsOverwritten: Vice = (inner) => {
  const overwritten = new Set<string>();
  return {
    put(key, body, options) {
      if (options?.mode !== "create") overwritten.add(key);
      return inner.put(
        key,
        body,
        overwritten.has(key) ? { ...options, mode: "overwrite" } : options,
      );
    },
  };
};

export const keepsTheLoser: Vice = (inner) => ({
  async put(key, body, options) {
    const bytes = await bodyBytes(body);
    const result = await inner.put(key, bytes, options);
    if (!result.written && key.includes("/race/")) await inner.put(key, bytes);
    return result;
  },
});

/** Concurrent writes leave a mix of both. */
export const tears: Vice = (inner) => ({
  async put(key, body, options) {
    const bytes = await bodyBytes(body);
    const result = await inner.put(key, bytes, options);
    if (!result.written && key.includes("/race/")) {
      const there = await (await inner.get(key))!.bytes();
      await inner.put(key, Uint8Array.from(there, (byte, i) => i % 2 === 0 ? byte : 255));
    }
    return result;
  },
});

/** Lists by UTF-16 units, like a sort in JavaScript or Java. */
export const listsInUtf16: Vice = (inner) => sorted(inner, (a, b) => a === b ? 0 : a < b ? -1 : 1);

/** Lists in a human order: letters first, ignoring case. */
export const listsByLocale: Vice = (inner) => sorted(inner, (a, b) => a.localeCompare(b));

function sorted(inner: Backend, compare: (a: string, b: string) => number): ReturnType<Vice> {
  return {
    async *list(prefix, { after = "", limit, ...options }: ListOptions = {}) {
      const all = await Array.fromAsync(inner.list(prefix, options));
      const name = (entry: ObjectInfo | Prefix) => isPrefix(entry) ? entry.prefix : entry.key;
      const rest = all.sort((a, b) => compare(name(a), name(b)))
        .filter((entry) => after === "" || compare(name(entry), after) > 0);
      yield* rest.slice(0, limit);
    },
  };
}

export const listsLate: Vice = (inner) => {
  const hidden: string[] = [];
  return {
    async put(key, body, options) {
      hidden.push(key);
      if (hidden.length > 3) hidden.shift();
      return await inner.put(key, body, options);
    },
    async *list(prefix, options) {
      for await (const entry of inner.list(prefix, options)) {
        if (isPrefix(entry) || !hidden.includes(entry.key)) yield entry;
      }
    },
  };
};

export const listsTheDeleted: Vice = (inner) => {
  const gone = new Set<string>();
  return {
    delete: (key) => Promise.resolve(void gone.add(key)),
    get: (key, options) => gone.has(key) ? Promise.resolve(undefined) : inner.get(key, options),
    head: (key, options) => gone.has(key) ? Promise.resolve(undefined) : inner.head(key, options),
  };
};

/** Still returns deleted objects, like a cache. */
export const readsTheDeleted: Vice = (inner) => {
  const seen = new Map<string, StoredObject>();
  return {
    async get(key, options) {
      const found = await inner.get(key, options);
      if (found !== undefined) seen.set(key, found);
      return found ?? seen.get(key);
    },
  };
};

export const ignoresAfter: Vice = (inner) => ({
  list: (prefix, options) => inner.list(prefix, { ...options, after: undefined }),
});

export const ignoresLimit: Vice = (inner) => ({
  list: (prefix, options) => inner.list(prefix, { ...options, limit: undefined }),
});

export const ignoresDelimiter: Vice = (inner) => ({
  list: (prefix, options) => inner.list(prefix, { ...options, delimiter: undefined }),
});

/** Lists other sizes, like a store that compresses. */
export const listsOtherSizes: Vice = (inner) => ({
  async *list(prefix, options) {
    for await (const entry of inner.list(prefix, options)) {
      yield isPrefix(entry) ? entry : { ...entry, size: 512 };
    }
  },
});

export const losesRanges: Vice = (inner) => ({
  get: (key, options) => inner.get(key, { ...options, range: undefined }),
});

export const remembersMissing: Vice = (inner) => {
  const missing = new Set<string>();
  return {
    async get(key, options) {
      const found = missing.has(key) ? undefined : await inner.get(key, options);
      if (found === undefined) missing.add(key);
      return found;
    },
  };
};

/** Fails to delete an absent object. */
export const missesTheMissing: Vice = (inner) => ({
  async delete(key, options) {
    if (await inner.head(key) !== undefined) return await inner.delete(key, options);
    throw new RegistryError({
      code: "Invalid",
      message: `Cannot delete "${key}": there is none`,
      hint: "Look first.",
    });
  },
});

/** Cannot store an empty object. */
export const losesEmptyObjects: Vice = (inner) => ({
  async head(key, options) {
    const info = await inner.head(key, options);
    return info?.size === 0 ? undefined : info;
  },
});

export const cutsLongKeys: Vice = (inner) => ({
  put: (key, body, options) => inner.put(key.slice(0, 255), body, options),
});

export function clockOff(offsetMs: number): Vice {
  const off = (info: ObjectInfo) => ({ ...info, modifiedAt: info.modifiedAt + offsetMs });
  return (inner) => ({
    async put(key, body, options) {
      const result = await inner.put(key, body, options);
      return result.written ? { written: true, info: off(result.info) } : result;
    },
    async head(key, options) {
      const info = await inner.head(key, options);
      return info && off(info);
    },
    async *list(prefix, options) {
      for await (const entry of inner.list(prefix, options)) {
        yield isPrefix(entry) ? entry : off(entry);
      }
    },
  });
}

/** Refuses every create, like a driver for a versioned bucket without conditions. */
export const refusesCreates: Vice = (inner) => ({
  put(key, body, options) {
    if (options?.mode !== "create") return inner.put(key, body, options);
    const message =
      `Cannot create "${key}": the bucket keeps versions, and then nothing forbids overwriting`;
    return Promise.reject(
      new RegistryError({ code: "Unsupported", message, hint: "Suspend versioning." }),
    );
  },
});

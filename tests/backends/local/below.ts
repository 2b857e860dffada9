// A store as its keys below a prefix.
import type { Backend, ObjectInfo, StoredObject } from "../../../core/backend.ts";

/** All that a store has and takes below this prefix, under keys that go on from there. */
export function below(prefix: string, inner: Backend): Backend {
  const infoOf = <Info extends ObjectInfo | undefined>(info: Info): Info =>
    info && { ...info, key: info.key.slice(prefix.length) };
  const { sync, getFirst } = inner;
  return {
    ...inner,
    head: async (key, options) => infoOf(await inner.head(prefix + key, options)),
    get: async (key, options) => objectOf(await inner.get(prefix + key, options)),
    async put(key, body, options) {
      const result = await inner.put(prefix + key, body, options);
      return result.written ? { written: true, info: infoOf(result.info) } : result;
    },
    delete: (key, options) => inner.delete(prefix + key, options),
    async *list(text, { after, ...options } = {}) {
      for await (
        const entry of inner.list(prefix + text, {
          ...options,
          ...(after && { after: prefix + after }),
        })
      ) {
        yield "prefix" in entry ? { prefix: entry.prefix.slice(prefix.length) } : infoOf(entry);
      }
    },
    ...(sync && { sync: (keys, options) => sync(keys.map((key) => prefix + key), options) }),
    ...(getFirst &&
      { getFirst: async (text, options) => objectOf(await getFirst(prefix + text, options)) }),
  };

  function objectOf(object: StoredObject | undefined): StoredObject | undefined {
    if (object === undefined) return undefined;
    const { info } = object;
    return {
      info: infoOf(info),
      get body() {
        return object.body;
      },
      bytes: () => object.bytes(),
    };
  }
}

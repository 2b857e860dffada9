// A store whose objects look older or younger.
import type { Backend, ObjectInfo, Prefix, PutResult, StoredObject } from "../../core/backend.ts";
import { isPrefix } from "../../core/backend.ts";
import { wrapBackend } from "../../core/work/wrap_backend.ts";

export interface ShiftedTimeOptions {
  shiftMs(info: ObjectInfo): number;
}

/**
 * Wraps a store so that it reports other times: the only way to have old objects on a real one.
 * Times of unfinished uploads are not shifted, so the wrapper has no sweep.
 */
export function withShiftedTime(inner: Backend, { shiftMs }: ShiftedTimeOptions): Backend {
  const shifted = (info: ObjectInfo): ObjectInfo => ({
    ...info,
    modifiedAt: info.modifiedAt + shiftMs(info),
  });
  const { copy, getFirst } = inner;

  return wrapBackend(inner, {
    reopen: undefined,
    sweepUploads: undefined,
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
    async *list(prefix, options): AsyncGenerator<ObjectInfo | Prefix> {
      for await (const entry of inner.list(prefix, options)) {
        yield isPrefix(entry) ? entry : shifted(entry);
      }
    },
    copy: copy &&
      (async (from, to, options) => shifted(await copy.call(inner, from, to, options))),
    getFirst: getFirst &&
      (async (prefix, options) => shiftedObject(await getFirst.call(inner, prefix, options))),
  });

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

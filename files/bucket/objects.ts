// Objects of a bucket as files: read in the state in which they were found, moved and removed.
import {
  type Backend,
  type ByteRange,
  type CallOptions,
  isPrefix,
  type ObjectInfo,
  type StoredObject,
} from "../../core/backend.ts";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { conflict, isRegistryError, type RegistryError, retold } from "../../core/errors.ts";
import { type PathPlace, taken } from "../paths/path_errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";
import { removeObjects } from "../../core/work/remove_objects.ts";

/** Returns a file that reads an object. Reading is a `Conflict` if the object changed since. */
export function fileOf(
  backend: Backend,
  expected: ObjectInfo,
  { signal }: CallOptions,
): FileToDecode {
  const { key: path } = expected;
  const get = async (range?: ByteRange): Promise<StoredObject> => {
    const object = await backend.get(path, { range, signal });
    if (object !== undefined && isSame(object.info, expected)) return object;
    await object?.body.cancel().catch(() => {});
    throw changedObject(backend, { action: "read", path });
  };
  return {
    path,
    size: expected.size,
    bytes: async () => await (await get()).bytes(),
    stream(range) {
      if (range !== undefined && (range.offset >= expected.size || range.length === 0)) {
        return new Blob().stream();
      }
      return iterableStream((async function* () {
        yield* (await get(range)).body;
      })());
    },
  };
}

export function changedObject(
  { location }: Backend,
  { action, path }: { action: string; path: string },
): RegistryError {
  return conflict(action, shown(path), "another program changed it", {
    hint: "Try again to use the new file.",
    key: path,
    backend: location,
  });
}

/** True for the same object in the same state. */
export function isSame(a: ObjectInfo, b: ObjectInfo): boolean {
  return a.size === b.size && a.etag === b.etag &&
    (a.etag !== undefined || a.modifiedAt === b.modifiedAt);
}

/** Awaits a request that may have changed the store, so that its error is `maybeWritten`. */
export async function maybeChanged<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw isRegistryError(error, "Unavailable") ? retold(error, { maybeWritten: true }) : error;
  }
}

/**
 * Copies an object to a free key and removes it. The copy passes through this program: stores copy
 * only over existing objects, so one of two moves to the same key would be lost. If another program
 * writes the object meanwhile, it stays: `Conflict`. If another program moves or removes it, it is
 * not moved. In both cases the copy is removed. The last lookup and the removal are two requests;
 * with conditional deletes the removal fails if the object changed in between, and the copy stays.
 *
 * @returns false if there is no such object
 */
export async function moveObject(
  backend: Backend,
  from: string,
  { to, place, signal }: CallOptions & { to: string; place: PathPlace },
): Promise<boolean> {
  const source = await backend.head(from, { signal });
  if (source === undefined) return false;
  const content = fileOf(backend, source, { signal }).stream();
  const put = await backend.put(to, content, { mode: "create", size: source.size, signal });
  if (!put.written) throw taken(place, "file");
  const now = await maybeChanged(backend.head(from, { signal }));
  if (now !== undefined && isSame(now, source)) {
    // If this fails, the copy stays: an earlier attempt with a lost reply may have succeeded.
    await maybeChanged(backend.delete(from, { ifEtag: now.etag, signal }));
    return true;
  }
  await maybeChanged(removeCopy(backend, put.info));
  if (now !== undefined) throw changedObject(backend, { action: "move", path: from });
  return false;
}

/** Removes the copy of this move, unless another program replaced it. */
async function removeCopy(backend: Backend, copy: ObjectInfo): Promise<void> {
  const now = await backend.head(copy.key);
  if (now === undefined || !isSame(now, copy)) return;
  await backend.delete(copy.key, { ifEtag: copy.etag }).catch((error) => {
    if (!isRegistryError(error, "Conflict")) throw error;
  });
}

const BATCH = 1000;

/** Removes all objects with a prefix. Throws the first failure after its batch has ended. */
export async function removeBelow(
  backend: Backend,
  prefix: string,
  options: CallOptions,
): Promise<void> {
  let keys: string[] = [];
  const removeKeys = async () => {
    options.signal?.throwIfAborted();
    const [failure] = (await removeObjects(backend, keys, options.signal)).values();
    if (failure !== undefined) throw failure;
    keys = [];
  };
  for await (const entry of backend.list(prefix, options)) {
    if (!isPrefix(entry)) keys.push(entry.key);
    if (keys.length === BATCH) await removeKeys();
  }
  await removeKeys();
}

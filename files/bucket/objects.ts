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
import { fault, isRegistryError, type RegistryError, retold } from "../../core/errors.ts";
import { type PathPlace, taken } from "../paths/path_errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";
import { removeObjects } from "../../core/work/remove_objects.ts";

/** Finds an object, or takes what was found; undefined where there is none. What is read later is of this state, or a `Conflict`. */
export async function findObject(
  backend: Backend,
  path: string,
  { signal, found: known }: CallOptions & { found?: ObjectInfo },
): Promise<FileToDecode | undefined> {
  const found = known ?? await backend.head(path, { signal });
  if (found === undefined) return undefined;
  const get = async (range?: ByteRange): Promise<StoredObject> => {
    const object = await backend.get(path, { range, signal });
    if (object !== undefined && isSame(object.info, found)) return object;
    await object?.body.cancel().catch(() => {}); // nothing of it is wanted
    throw changedObject(backend, { action: "read", path });
  };
  return {
    path,
    size: found.size,
    bytes: async () => await (await get()).bytes(),
    stream(range) {
      if (range !== undefined && (range.offset >= found.size || range.length === 0)) {
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
  return fault({
    code: "Conflict",
    action,
    subject: shown(path),
    state: "it changed meanwhile",
    hint: "Do it again: what is there now is another file.",
    key: path,
    backend: location,
  });
}

/** True for the same object in the same state. */
export function isSame(a: ObjectInfo, b: ObjectInfo): boolean {
  return a.size === b.size && a.etag === b.etag &&
    (a.etag !== undefined || a.modifiedAt === b.modifiedAt);
}

/** Waits for a request that may change something, or comes after one that has: its error says so. */
export async function maybeChanged<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw isRegistryError(error, "Unavailable") ? retold(error, { maybeWritten: true }) : error;
  }
}

export interface MoveObjectOptions extends CallOptions {
  /** The key that it gets, which must be free. */
  to: string;
  why: PathPlace;
}

/**
 * Copies an object to a key that is free, and removes it. The copy goes through this program: stores copy by themselves
 * only over what is there, and of two that move to one key one would be lost. An object that was written anew meanwhile
 * stays: `Conflict`. One that another program moved or removed meanwhile is not moved. In both cases the copy is
 * removed. The last lookup of an object and its removal are two requests. A store with conditional deletes refuses the
 * removal if the object has changed in between, and the copy stays.
 *
 * @returns false where there is no such object
 */
export async function moveObject(
  backend: Backend,
  from: string,
  { to, why, signal }: MoveObjectOptions,
): Promise<boolean> {
  const found = await backend.head(from, { signal });
  if (found === undefined) return false;
  const file = await findObject(backend, from, { found, signal });
  const put = await backend.put(to, file!.stream(), { mode: "create", size: found.size, signal });
  if (!put.written) throw taken(why, "file");
  const now = await maybeChanged(backend.head(from, { signal }));
  if (now !== undefined && isSame(now, found)) {
    // If this fails, the copy stays: an earlier try whose reply was lost may have removed the object.
    await maybeChanged(backend.delete(from, { ifEtag: now.etag, signal }));
    return true;
  }
  await maybeChanged(removeCopy(backend, put.info));
  if (now !== undefined) throw changedObject(backend, { action: "move", path: from });
  return false;
}

/** Removes the copy of this move at its target, unless another program has replaced it. */
async function removeCopy(backend: Backend, copy: ObjectInfo): Promise<void> {
  const now = await backend.head(copy.key);
  if (now === undefined || !isSame(now, copy)) return;
  await backend.delete(copy.key, { ifEtag: copy.etag }).catch((error) => {
    if (!isRegistryError(error, "Conflict")) throw error;
  });
}

/** So many keys are in memory. */
const BATCH = 1000;

/** Removes all objects whose key begins with a prefix. The first failure is thrown when the others of its batch are gone. */
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

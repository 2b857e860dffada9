// Giving an object another key, in a store that cannot.
import type { Backend, CallOptions, ObjectInfo } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import { taken } from "../../core/files/path_errors.ts";
import type { PathPlace } from "../../core/files/path_errors.ts";
import { changedObject, findObject, isSame } from "./find_object.ts";
import { maybeChanged } from "./maybe_changed.ts";

/** Options of {@linkcode moveObject}. */
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

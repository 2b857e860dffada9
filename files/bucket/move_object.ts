/**
 * Giving an object another key, in a store that cannot.
 *
 * @module
 */
import type { Backend, CallOptions } from "../../core/backend.ts";
import { taken } from "../../core/files/path_errors.ts";
import type { PathPlace } from "../../core/files/path_errors.ts";
import { changedObject, findObject, isSame } from "./find_object.ts";

/** Options of {@linkcode moveObject}. */
export interface MoveObjectOptions extends CallOptions {
  /** The key that it gets, which must be free. */
  to: string;
  /** What is moved, and where to: for messages. */
  why: PathPlace;
}

/**
 * Copies an object to a key that is free, and removes it. The copy goes through this program: stores copy by themselves
 * only over what is there, and of two that move to one key one would be lost. An object that was written anew meanwhile
 * stays: `Conflict`.
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
  const now = await backend.head(from, { signal });
  if (now !== undefined && !isSame(now, found)) throw changedObject(backend, { action: "move", path: from });
  await backend.delete(from, { signal });
  return true;
}

// Places the results of changes.
import type { CallOptions } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { PathPlace } from "../paths/path_errors.ts";
import type { FileStore } from "../../core/file_store.ts";
import { busy } from "./lock.ts";
import type { PathNode } from "./lookup.ts";
import { moveArray } from "./trees.ts";
import { type Change, worksOf } from "./undo_change.ts";

/** Moves the result of a change to its path, replacing `node`, which was there. */
export async function placeMade(
  files: FileStore,
  change: Change,
  place: PathPlace,
  { node, isArray, check, ...options }: CallOptions & {
    node?: PathNode;
    isArray: boolean;
    check(): Promise<void>;
  },
): Promise<void> {
  const { path } = place;
  const works = worksOf(change);
  await check(); // a new owner of the lock has removed the result
  change.isLeft = node !== undefined;
  if (node?.array !== undefined) {
    await moveArray(files, path, { to: works.old, apart: works.document, ...options });
  } else if (node !== undefined) await files.move(path, works.old, options);
  try {
    if (isArray) {
      await moveArray(files, works.result, { to: path, apart: works.resultDocument, ...options });
    } else await files.move(works.result, path, options);
  } catch (error) {
    if (node === undefined || !isRegistryError(error, "AlreadyExists")) throw error;
    throw busy(place); // another program placed something there
  }
}

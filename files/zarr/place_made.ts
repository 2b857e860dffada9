// Places the results of changes.
import type { CallOptions } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { PathPlace } from "../paths/path_errors.ts";
import type { FileStore } from "../../core/file_store.ts";
import { busy } from "./lock.ts";
import type { Seen } from "./lookup.ts";
import { moveArray } from "./trees.ts";
import { type Change, worksOf } from "./undo_change.ts";

/** Moves the result of a change to its path, replacing what was seen there. */
export async function placeMade(
  files: FileStore,
  made: Change,
  why: PathPlace,
  { seen, isArray, check, ...options }: CallOptions & {
    seen?: Seen;
    isArray: boolean;
    check(): Promise<void>;
  },
): Promise<void> {
  const { path } = why;
  const works = worksOf(made);
  await check(); // a new owner of the lock has removed the result
  made.isLeft = seen !== undefined;
  if (seen?.array !== undefined) {
    await moveArray(files, path, { to: works.old, apart: works.document, ...options });
  } else if (seen !== undefined) await files.move(path, works.old, options);
  try {
    if (isArray) {
      await moveArray(files, works.made, { to: path, apart: works.madeDocument, ...options });
    } else await files.move(works.made, path, options);
  } catch (error) {
    if (seen === undefined || !isRegistryError(error, "AlreadyExists")) throw error;
    throw busy(why); // another program placed something there
  }
}

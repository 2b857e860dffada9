// Errors of file stores: the same problem is the same error in every store.
import { type ErrorCode, fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileKind } from "../../core/file_store.ts";

export interface PathPlace {
  action: string;
  path: string;
  location: string;
}

function failure(
  code: ErrorCode,
  { action, path, location }: PathPlace,
  state: string,
  hint: string,
): RegistryError {
  const subject = path === "" ? "the root" : shown(path);
  return fault({ code, action, subject, state, hint, key: path, backend: location });
}

const OCCUPIED = "Remove it first, or choose another path.";

/** Returns `NotFound`, with the kind of what was found instead. */
export function missing(
  place: PathPlace,
  expectedKind: "file" | "folder" | "anything",
  actualKind?: FileKind,
): RegistryError {
  const state = actualKind === undefined
    ? `no such ${expectedKind === "anything" ? "path" : expectedKind}`
    : `it is a ${actualKind}, not a ${expectedKind}`;
  return failure("NotFound", place, state, "List its parent folder with listDir().");
}

/** Returns `Unavailable` for a store whose folder is gone. */
export function goneRoot(place: PathPlace): RegistryError {
  const hint = "Mount its disk again, or move the folder back.";
  return failure("Unavailable", place, "the folder of the store is gone", hint);
}

/** Returns `NotFound` for a broken link. */
export function leadsNowhere(place: PathPlace, expectedKind: "file" | "folder"): RegistryError {
  const state = `it is a link without a ${expectedKind} behind it`;
  const hint = "Read its target with stat(); it may be gone, or outside the store.";
  return failure("NotFound", place, state, hint);
}

export function taken(place: PathPlace, kind: FileKind): RegistryError {
  return failure("AlreadyExists", place, `a ${kind} exists`, OCCUPIED);
}

/** Returns `Conflict` for a path that something else occupies, or a parent that is not a folder. */
export function inTheWay(place: PathPlace, at: string, kind: FileKind): RegistryError {
  const state = at === place.path ? `a ${kind} exists` : `${shown(at)} is a ${kind}`;
  return failure("Conflict", place, state, OCCUPIED);
}

function conflict(state: string, hint: string): (place: PathPlace) => RegistryError {
  return (place) => failure("Conflict", place, state, hint);
}

/** A folder would be moved into itself. */
export const intoItself = conflict(
  "the target is inside the folder",
  "Choose a target outside the folder.",
);

/** The parent folder changed during a write. */
export const lostFolder = conflict("its folder was moved or removed", "Write it again.");

/** Another program replaced the source of a move. */
export const lostSource = conflict("another program changed it", "Inspect it and try again.");

/** A folder contains nothing but a file that is being written. */
export const inTheWorks = conflict(
  "a file is being written in it, or its writer died",
  "Try again later: leftovers of a dead writer can be removed after a day.",
);

export const notEmpty = conflict(
  "the folder is not empty",
  "Use deleteAll() to remove its content too.",
);

export function refused(place: PathPlace, state: string): RegistryError {
  return failure("Unsupported", place, state, "Use another store.");
}

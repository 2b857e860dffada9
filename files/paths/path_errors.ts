// The errors of file stores: what is wrong with a path means the same on each.
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileKind } from "../../core/file_store.ts";

export interface PathPlace {
  /** What was tried: `save`. */
  action: string;
  path: string;
  /** The `location` of the store. */
  location: string;
}

function failure(
  code: "NotFound" | "AlreadyExists" | "Conflict" | "Unsupported",
  { action, path, location }: PathPlace,
  text: { state: string; hint: string },
): RegistryError {
  return fault({
    code,
    action,
    subject: path === "" ? "the root" : shown(path),
    state: text.state,
    hint: text.hint,
    key: path,
    backend: location,
  });
}

/** `NotFound`, with what is there instead. */
export function missing(
  place: PathPlace,
  wanted: "file" | "folder" | "anything",
  found?: FileKind,
): RegistryError {
  const what = wanted === "anything" ? "such path" : wanted;
  return failure("NotFound", place, {
    state: found === undefined ? `there is no ${what}` : `it is a ${found}, and no ${wanted}`,
    hint: "listDir() of the folder above it shows what there is.",
  });
}

/** `NotFound`: there is a link, and nothing behind it. */
export function leadsNowhere(place: PathPlace, wanted: "file" | "folder"): RegistryError {
  return failure("NotFound", place, {
    state: `it is a link that leads to no ${wanted}`,
    hint: "stat() says where it leads; what was there may be gone, or lies outside of the store.",
  });
}

/** `AlreadyExists`. */
export function taken(place: PathPlace, found: FileKind): RegistryError {
  return failure("AlreadyExists", place, {
    state: `a ${found} is there`,
    hint: "Remove it first, or take another path.",
  });
}

/** `Conflict`: something is in the way. */
export function inTheWay(place: PathPlace, at: string, found: FileKind): RegistryError {
  const state = at === place.path
    ? `a ${found} is there`
    : `${shown(at)} is a ${found}, and no folder`;
  return failure("Conflict", place, { state, hint: "Remove it first, or take another path." });
}

function conflict(state: string, hint: string): (place: PathPlace) => RegistryError {
  return (place) => failure("Conflict", place, { state, hint });
}

/** A folder would be in itself. */
export const intoItself = conflict("the target lies in it", "Take a target outside of the folder.");

/** The folder of what is written became another one. */
export const lostFolder = conflict("its folder was moved or removed meanwhile", "Write it again.");

/** Another program replaced the source of a move. */
export const lostSource = conflict(
  "another program changed it meanwhile",
  "Inspect it and try again.",
);

/** A folder has no files, but one is being written. */
export const inTheWorks = conflict(
  "a file is being written in it, or its writer died",
  "What a writer that died has left can be removed a day later.",
);

export const notEmpty = conflict(
  "the folder is not empty",
  "deleteAll() removes what is in it too.",
);

/** `Unsupported`: the store does not write, or does not read. */
export function refused(place: PathPlace, state: string): RegistryError {
  return failure("Unsupported", place, { state, hint: "Take another store." });
}

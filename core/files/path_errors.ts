// The errors of file stores: what is wrong with a path means the same on each.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";
import type { FileKind } from "../file_store.ts";

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

/** `Conflict`: a folder would be in itself. */
export function intoItself(place: PathPlace): RegistryError {
  return failure("Conflict", place, {
    state: "the target lies in it",
    hint: "Take a target outside of the folder.",
  });
}

/** `Conflict`: the folder of what is written became another one. */
export function lostFolder(place: PathPlace): RegistryError {
  return failure("Conflict", place, {
    state: "its folder was moved or removed meanwhile",
    hint: "Write it again.",
  });
}

/** `Conflict`: another program replaced the source of a move. */
export function lostSource(place: PathPlace): RegistryError {
  return failure("Conflict", place, {
    state: "another program changed it meanwhile",
    hint: "Inspect it and try again.",
  });
}

/** `Conflict`: a folder has no files, but one is being written. */
export function inTheWorks(place: PathPlace): RegistryError {
  return failure("Conflict", place, {
    state: "a file is being written in it, or its writer died",
    hint: "What a writer that died has left can be removed a day later.",
  });
}

/** `Conflict`: a folder is not empty. */
export function notEmpty(place: PathPlace): RegistryError {
  return failure("Conflict", place, {
    state: "the folder is not empty",
    hint: "deleteAll() removes what is in it too.",
  });
}

/** `Unsupported`: the store does not write, or does not read. */
export function refused(place: PathPlace, state: string): RegistryError {
  return failure("Unsupported", place, { state, hint: "Take another store." });
}

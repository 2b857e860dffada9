// Follows links. Stores only return the target of each.
import { leadsNowhere, missing } from "./path_errors.ts";
import type { CallOptions } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { FileEntry, FileToDecode, ReadableFileStore } from "../../core/file_store.ts";
import { parsePath } from "../../core/naming/paths.ts";

/** Longer chains are circles. */
const MAX_LINKS = 40;

/** Returns the entry at the end of a chain of links; undefined if that is broken. */
export async function follow(
  store: ReadableFileStore,
  path: string,
  options: CallOptions = {},
): Promise<FileEntry | undefined> {
  let at: string | undefined = path;
  for (let hops = 0; hops <= MAX_LINKS && at !== undefined; hops++) {
    const entry: FileEntry | undefined = await store.stat(at, options);
    if (entry?.kind !== "link") return entry;
    at = entry.target;
  }
}

/** Opens the file at a path; follows links only if the path itself is not a file. */
export async function openFile(
  store: ReadableFileStore,
  path: string,
  { action, signal }: CallOptions & { action: string },
): Promise<FileToDecode> {
  try {
    return await store.open(path, { signal });
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
    const { path: target } = await followTo(store, path, { kind: "file", action, signal });
    return await store.open(target, { signal });
  }
}

/** Returns the file or folder at the end of a chain of links. */
export async function followTo(
  store: ReadableFileStore,
  path: string,
  { kind, action, signal }: CallOptions & { kind: "file" | "folder"; action: string },
): Promise<FileEntry> {
  const entry = await follow(store, path, { signal });
  if (entry?.kind === kind) return entry;
  const place = { action, path: parsePath(path), location: store.location };
  if (entry === undefined && (await store.stat(place.path, { signal }))?.kind === "link") {
    throw leadsNowhere(place, kind);
  }
  throw missing(place, kind, entry?.kind);
}

// Removes, copies and mirrors.
import type { CallOptions } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { FileEntry, FileStore } from "../../core/file_store.ts";
import { missing, refused, taken } from "../paths/path_errors.ts";
import { joinPath, parsePath } from "../../core/naming/paths.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { follow, followTo } from "../paths/follow.ts";
import { collect, collectEntries } from "./listing.ts";

/** Removes a path and everything below it, not the targets of links. False if nothing was there. */
export async function removeAll(
  store: FileStore,
  path: string,
  options: CallOptions = {},
): Promise<boolean> {
  const parsed = parsePath(path);
  const entry = await store.stat(parsed, options);
  if (entry === undefined) return false;
  if (entry.kind !== "folder") return await store.remove(parsed, options);
  if (store.removeFolder !== undefined) {
    await store.removeFolder(parsed, options);
    return true;
  }
  const { folders, files } = await collect(store, parsed, options);
  await forEachAtOnce(files, (file) => store.remove(file, options));
  for (const folder of folders.reverse()) await store.remove(folder, options);
  if (parsed !== "") await store.remove(parsed, options);
  return true;
}

/** Copies a file, or a folder with its content, to a free path. Links are copied as links. */
export async function copyAll(
  store: FileStore,
  from: string,
  { to, signal }: CallOptions & { to: string },
): Promise<void> {
  const target = parsePath(to);
  const origin = await follow(store, from, { signal });
  const place = { action: "copy", path: parsePath(from), location: store.location };
  if (origin === undefined) throw missing(place, "anything");
  const occupant = await store.stat(target, { signal });
  if (occupant !== undefined) throw taken({ ...place, path: target }, occupant.kind);
  const copyEntry = async ({ path, kind, target }: FileEntry, to: string) => {
    if (kind === "link") return await store.createLink(to, target!, { signal });
    if (store.copyFile !== undefined) return await store.copyFile(path, to, { signal });
    const file = await store.open(path, { signal });
    const source = { size: file.size, stream: () => file.stream() };
    await store.write(to, source, { mode: "create", signal });
  };
  if (origin.kind === "file") return await copyEntry(origin, target);
  const { folders, files } = await collectEntries(store, origin.path, { signal });
  const outside = files.find(({ kind, target }) => kind === "link" && target === undefined);
  if (outside !== undefined) {
    throw refused({ ...place, path: outside.path }, "the link leads out of the store");
  }
  const below = (path: string) =>
    joinPath(target, origin.path === "" ? path : path.slice(origin.path.length + 1));
  await store.createFolder(target, { signal });
  for (const { path } of folders) {
    if (path !== target) await store.createFolder(below(path), { signal });
  }
  await forEachAtOnce(files, (file) => copyEntry(file, below(file.path)));
}

/** Options of `mirrorDirectoryWithSymlinks`. */
export interface MirrorLinksOptions extends CallOptions {
  /** Includes subfolders. @default true */
  recursive?: boolean;
  /** Replaces existing links; otherwise they stay. @default true */
  replaceLinks?: boolean;
}

/** The result of mirroring with links. */
export interface MirroredLinks {
  links: number;
  /** Paths that something other than a link occupies; it was left. */
  taken: string[];
}

/** Creates a folder with a link to each file of another one, in folders of the same names. */
export async function mirrorWithLinks(
  store: FileStore,
  from: string,
  { to, recursive = true, replaceLinks = true, signal }: MirrorLinksOptions & { to: string },
): Promise<MirroredLinks> {
  const { path: root } = await followTo(store, from, { kind: "folder", action: "mirror", signal });
  const target = parsePath(to);
  const { folders, files } = await collect(store, root, { recursive, signal });
  const inTarget = (path: string) => path === target || path.startsWith(`${target}/`);
  const below = (path: string) =>
    joinPath(target, root === "" ? path : path.slice(root.length + 1));
  const report: MirroredLinks = { links: 0, taken: [] };
  await store.createFolder(target, { signal });
  if (recursive) {
    for (const folder of folders) {
      if (!inTarget(folder)) await store.createFolder(below(folder), { signal });
    }
  }
  await forEachAtOnce(files.filter((file) => !inTarget(file)), async (file) => {
    const link = below(file);
    if (link === file) return; // the root into itself: the link would lead to itself
    const occupant = await store.stat(link, { signal });
    if (occupant !== undefined && (occupant.kind !== "link" || !replaceLinks)) {
      return void report.taken.push(link);
    }
    if (occupant?.target === file) return;
    if (occupant !== undefined) await store.remove(link, { signal });
    try {
      await store.createLink(link, file, { signal });
      report.links++;
    } catch (error) {
      if (!isRegistryError(error, "AlreadyExists")) throw error;
      report.taken.push(link); // another program was faster
    }
  });
  return report;
}

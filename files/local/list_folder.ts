/**
 * The names in a folder on a disk, with what each is called in a file store.
 *
 * @module
 */
import fs from "node:fs";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { joinPath, OWN_PREFIX, parsePath } from "../../core/files/paths.ts";
import type { FileKind, NamedEntry } from "../../core/file_store.ts";
import { codeOf } from "./place.ts";

/** What is in a folder, in no order. What is no file, folder or link is nobody's here, and passed by. */
export function readFolder(folder: string, onDisk: string): NamedEntry[] {
  const entries: NamedEntry[] = [];
  for (const entry of readEntries(onDisk)) {
    const kind = kindOf(entry);
    if (kind !== undefined && isName(entry.name)) entries.push({ path: joinPath(folder, entry.name), kind });
  }
  return entries;
}

/** The same in the order of the UTF-8 bytes of the names, those of folders with `/` behind them. */
export function readSortedFolder(folder: string, onDisk: string): NamedEntry[] {
  const order = ({ path, kind }: NamedEntry) => kind === "folder" ? `${path}/` : path;
  const entries = readFolder(folder, onDisk).map((entry) => ({ entry, order: order(entry) }));
  return entries.sort((a, b) => compareUtf8(a.order, b.order)).map(({ entry }) => entry);
}

function readEntries(path: string): fs.Dirent[] {
  try {
    return fs.readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === "ENOENT") return []; // the root before the first write, or a folder that was just removed
    throw error;
  }
}

function kindOf(entry: fs.Dirent): FileKind | undefined {
  return entry.isFile() ? "file" : entry.isDirectory() ? "folder" : entry.isSymbolicLink() ? "link" : undefined;
}

/** What other programs call their files may have no path here. */
function isName(name: string): boolean {
  if (name.startsWith(OWN_PREFIX)) return false;
  try {
    return parsePath(name) === name;
  } catch {
    return false;
  }
}

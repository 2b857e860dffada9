// The names in a folder on a disk, with what each is called in a file store.
import { errorCode } from "../../core/disk/file_errors.ts";
import { readFolder } from "../../core/disk/disk_calls.ts";
import type { FolderEntry } from "../../core/disk/disk_calls.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { joinPath, OWN_PREFIX, parsePath } from "../../core/files/paths.ts";
import type { FileKind, NamedEntry } from "../../core/file_store.ts";

/** What is in a folder, in no order. What is no file, folder or link is nobody's here, and passed by. */
export function readNames(folder: string, onDisk: string): NamedEntry[] {
  const entries: NamedEntry[] = [];
  try {
    for (const entry of readFolder(onDisk)) {
      const kind = kindOf(entry);
      if (kind !== undefined && isName(entry.name)) {
        entries.push({ path: joinPath(folder, entry.name), kind });
      }
    }
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error; // the root before the first write, or a folder that was just removed
  }
  return entries;
}

/** The same in the order of the UTF-8 bytes of the names, those of folders with `/` behind them. */
export function readSortedNames(folder: string, onDisk: string): NamedEntry[] {
  const order = ({ path, kind }: NamedEntry) => kind === "folder" ? `${path}/` : path;
  const entries = readNames(folder, onDisk).map((entry) => ({ entry, order: order(entry) }));
  return entries.sort((a, b) => compareUtf8(a.order, b.order)).map(({ entry }) => entry);
}

function kindOf({ isFile, isDirectory, isSymlink }: FolderEntry): FileKind | undefined {
  return isFile ? "file" : isDirectory ? "folder" : isSymlink ? "link" : undefined;
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

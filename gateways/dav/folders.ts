// The folders of a version. WebDAV has no links, so they are left out.
import type { ArtifactInfo } from "../../mod.ts";
import { folderOf, inTurns, nameOf } from "../../core/kernel.ts";

type FileInfo = ArtifactInfo["files"][number];

export interface Folder {
  /** Names of the folders in it. */
  folders: string[];
  files: FileInfo[];
}

/** The folders of versions in memory: a client that walks a tree asks for each. */
const listed = new WeakMap<ArtifactInfo["files"], Promise<ReadonlyMap<string, Folder>>>();

/** Returns the folders of a version by their paths; the root is `""`. */
export function foldersIn(
  { files }: Pick<ArtifactInfo, "files">,
): Promise<ReadonlyMap<string, Folder>> {
  const folders = listed.get(files) ?? listFolders(files);
  listed.set(files, folders);
  return folders;
}

async function listFolders(files: readonly FileInfo[]): Promise<ReadonlyMap<string, Folder>> {
  const all = new Map<string, Folder>([["", { folders: [], files: [] }]]);
  for await (const file of inTurns(files)) {
    if (file.mode === "folder") folderAt(file.path);
    else if (file.mode !== "link") folderAt(folderOf(file.path)).files.push(file);
  }
  return all;

  function folderAt(path: string): Folder {
    const known = all.get(path);
    if (known !== undefined) return known;
    const folder: Folder = { folders: [], files: [] };
    all.set(path, folder);
    folderAt(folderOf(path)).folders.push(nameOf(path));
    return folder;
  }
}

/**
 * Listing: the tree of folders, walked in the order of whole keys.
 *
 * @module
 */
import fs from "node:fs";
import type { ListOptions, ObjectInfo, Prefix } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { linkError } from "./own_files.ts";
import { statObject } from "./root.ts";
import type { LocalRoot } from "./root.ts";

/** The objects whose key begins with `prefix`, in order. Reads a folder only when its first entry is asked for. */
export function listObjects(
  root: LocalRoot,
  prefix: string,
  { after = "", delimiter }: Pick<ListOptions, "after" | "delimiter">,
): Generator<ObjectInfo | Prefix> {
  const border = prefix.lastIndexOf("/") + 1;
  return walk(prefix.slice(0, border), prefix.slice(border), false);

  function* walk(folder: string, start: string, inside: boolean): Generator<ObjectInfo | Prefix> {
    const { names, links } = readFolder(root, folder, inside);
    for (const name of inOrder(names.filter((name) => name.startsWith(start) && isWanted(folder, name)))) {
      const key = folder + name;
      if (!name.endsWith("/")) {
        const info = statObject(root, key);
        if (info !== undefined) yield info; // removed since the folder was read
      } else if (delimiter !== undefined) {
        if (links.has(name) || holdsObject(root, key)) yield { prefix: key };
      } else if (links.has(name)) {
        throw linkError({ key: key.slice(0, -1), backend: root.location });
      } else {
        yield* walk(key, "", true);
      }
    }
  }

  function isWanted(folder: string, name: string): boolean {
    if (after === "") return true;
    const key = folder + name;
    return compareUtf8(key, after) > 0 || delimiter === undefined && name.endsWith("/") && after.startsWith(key);
  }
}

/** What is in a folder. */
interface FolderNames {
  /** Objects by their name, folders with `/` behind it, as their place in the order wants it. */
  names: string[];
  /** Those that are links, as if they were folders. What is behind one is neither listed nor taken to be absent. */
  links: ReadonlySet<string>;
}

/** @param inside whether the folder was just found, as a folder, in one that was checked */
function readFolder(root: LocalRoot, folder: string, inside: boolean): FolderNames {
  const path = root.folderOf(folder);
  const names: string[] = [];
  const links = new Set<string>();
  try {
    if (!inside) root.checkWay(path.replace(/\/$/, ""));
    for (const entry of fs.readdirSync(path, { withFileTypes: true })) {
      const { name } = entry;
      if (folder === "" && name.startsWith(".")) continue; // stage files and the lock
      const isLink = entry.isSymbolicLink();
      if (isLink) links.add(`${name}/`);
      names.push(isLink || entry.isDirectory() ? `${name}/` : name);
    }
  } catch (error) {
    if (!root.isMissing(error)) throw root.failure(error, { action: "list", key: folder });
  }
  return { names, links };
}

/** A folder may be empty: its last object was just removed, or its first is not there yet. */
function holdsObject(root: LocalRoot, folder: string): boolean {
  const { names, links } = readFolder(root, folder, true);
  return links.size > 0 || names.some((name) => !name.endsWith("/")) ||
    names.some((name) => holdsObject(root, folder + name));
}

/** These names in order. Most callers want the first only: sorts when a third is asked for. */
function* inOrder(names: string[]): Generator<string> {
  const first = smallest(names);
  if (first === undefined) return;
  yield first;
  const second = smallest(names, first);
  if (second === undefined) return;
  yield second;
  yield* names.filter((name) => compareUtf8(name, second) > 0).sort(compareUtf8);
}

function smallest(names: string[], after = ""): string | undefined {
  let least: string | undefined;
  for (const name of names) {
    if (compareUtf8(name, after) > 0 && (least === undefined || compareUtf8(name, least) < 0)) least = name;
  }
  return least;
}

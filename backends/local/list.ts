/**
 * Listing: the tree of folders, walked in the order of whole keys.
 *
 * @module
 */
import fs from "node:fs";
import type { ListOptions, ObjectInfo, Prefix } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes.ts";
import { statObject } from "./root.ts";
import type { LocalRoot } from "./root.ts";

/** The objects whose key begins with `prefix`, in order. Reads a folder only when its first entry is asked for. */
export function listObjects(
  root: LocalRoot,
  prefix: string,
  { after = "", delimiter }: Pick<ListOptions, "after" | "delimiter">,
): Generator<ObjectInfo | Prefix> {
  const border = prefix.lastIndexOf("/") + 1;
  return walk(prefix.slice(0, border), prefix.slice(border));

  function* walk(folder: string, start: string): Generator<ObjectInfo | Prefix> {
    const names = readNames(root, folder).filter((name) => name.startsWith(start) && isWanted(folder, name));
    for (const name of inOrder(names)) {
      const key = folder + name;
      if (!name.endsWith("/")) {
        const info = statObject(root, key);
        if (info !== undefined) yield info; // removed since the folder was read
      } else if (delimiter === undefined) {
        yield* walk(key, "");
      } else if (holdsObject(root, key)) {
        yield { prefix: key };
      }
    }
  }

  function isWanted(folder: string, name: string): boolean {
    if (after === "") return true;
    const key = folder + name;
    return compareUtf8(key, after) > 0 || delimiter === undefined && name.endsWith("/") && after.startsWith(key);
  }
}

/** What is in a folder: objects by their name, folders with `/` behind it, as their place in the order wants it. */
function readNames(root: LocalRoot, folder: string): string[] {
  const path = root.folderOf(folder);
  const names: string[] = [];
  try {
    for (const entry of fs.readdirSync(path, { withFileTypes: true })) {
      const { name } = entry;
      if (folder === "" && name.startsWith(".")) continue; // stage files and the lock
      if (entry.isFile()) names.push(name);
      else if (entry.isDirectory()) names.push(`${name}/`);
      else if (entry.isSymbolicLink()) names.push(...followed(`${path}/${name}`, name));
    }
  } catch (error) {
    if (!root.isMissing(error)) throw root.failure(error, { action: "list", key: folder });
  }
  return names;
}

function followed(path: string, name: string): string[] {
  const stats = fs.statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile()) return [name];
  return stats?.isDirectory() ? [`${name}/`] : [];
}

/** A folder may be empty: its last object was just removed, or its first is not there yet. */
function holdsObject(root: LocalRoot, folder: string): boolean {
  const names = readNames(root, folder);
  return names.some((name) => !name.endsWith("/")) || names.some((name) => holdsObject(root, folder + name));
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

// What the store has of one name, as two listings show it. Keys that no registry makes are not seen
// at all.
import { isPrefix } from "../../../core/backend.ts";
import { asGeneration } from "../../cell/heads.ts";
import { encodePlace, NAMES, OBJECTS, parseCellKey, parsePayloadKey } from "../../layout.ts";
import type { Collection } from "../collection.ts";
import type { Cell, Folder } from "./known.ts";

export async function listFolders(
  { context, signal }: Collection,
  name: string,
): Promise<Map<string, Folder>> {
  const folders = new Map<string, Folder>();
  for await (const entry of context.backend.list(`${OBJECTS}${name}/`, { signal })) {
    const key = isPrefix(entry) ? undefined : parsePayloadKey(entry.key);
    if (isPrefix(entry) || key === undefined) continue;
    const place = encodePlace(key);
    const folder = folders.get(place) ?? { objects: [], newest: 0 };
    folder.objects.push(entry);
    folder.newest = Math.max(folder.newest, entry.modifiedAt);
    folders.set(place, folder);
  }
  return folders;
}

export async function listCells({ context, signal }: Collection, name: string): Promise<Cell[]> {
  const cells = new Map<string, Cell>();
  for await (const entry of context.backend.list(`${NAMES}${name}/`, { signal })) {
    const key = isPrefix(entry) ? undefined : parseCellKey(entry.key);
    const head = isPrefix(entry) ? undefined : asGeneration(entry);
    if (key === undefined || head === undefined) continue;
    const { cell, kind } = key;
    const known = cells.get(cell);
    if (known === undefined) cells.set(cell, { cell, kind, generations: [head] });
    else known.generations.push(head);
  }
  return [...cells.values()];
}

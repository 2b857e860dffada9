// The cells of a name in a listing.
import { isPrefix } from "../../core/backend.ts";
import type { Version } from "../../core/naming/versions.ts";
import { asGeneration, headOf } from "../cell/heads.ts";
import type { Head } from "../cell/heads.ts";
import type { Context } from "../opening/context.ts";
import { afterFolder, keysFolder, nameFolder, parseCellKey, versionCell } from "../layout.ts";

export interface MirrorCell {
  cell: string;
  /** The same below the folder of its name: equal in the source and in the target. */
  path: string;
  /** Its newest record. */
  head: Head;
  version?: Version;
  alias?: string;
}

export const PART = 1_000;

/** Lists the next cells of versions and aliases after `start`; fewer than {@linkcode PART} at the end. */
export async function listPart(
  context: Context,
  name: string,
  start?: string,
  signal?: AbortSignal,
): Promise<MirrorCell[]> {
  const folder = nameFolder(name);
  const cells: MirrorCell[] = [];
  let after = start && afterFolder(start);
  do {
    const from = after;
    after = undefined;
    for await (const entry of context.backend.list(folder, { after: from, signal })) {
      const newest = isPrefix(entry) ? undefined : asGeneration(entry);
      const key = newest && parseCellKey(newest.key);
      if (newest === undefined || key === undefined) continue;
      const { cell, kind, version, label: alias } = key;
      const path = cell.slice(folder.length);
      if (kind === "key") {
        after = afterFolder(keysFolder(name)); // there may be one for each version
        break;
      }
      if (cells.at(-1)?.path === path) continue; // an older generation
      if (cells.length >= PART) return cells;
      const isOther = kind === "version" &&
        cell !== versionCell(name, version!, context.settings.versioned);
      if (isOther) continue;
      const head = headOf(newest);
      cells.push({ cell, path, head, ...(kind === "alias" ? { alias } : { version }) });
    }
  } while (after !== undefined);
  return cells;
}

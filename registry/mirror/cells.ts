/**
 * The cells of a name, as one listing shows them.
 *
 * @module
 */
import { isPrefix } from "../../core/backend.ts";
import type { Version } from "../../core/naming/versions.ts";
import { asGeneration, headOf } from "../cell/heads.ts";
import type { Head } from "../cell/heads.ts";
import type { Context } from "../opening/context.ts";
import { afterFolder, keysFolder, nameFolder, parseCellKey, versionCell } from "../layout.ts";

/** A cell of a version or of an alias. */
export interface MirrorCell {
  /** Its prefix. */
  cell: string;
  /** The same below the folder of its name: equal in the source and in the target. */
  path: string;
  /** Its newest record. */
  head: Head;
  /** A version's cell. */
  version?: Version;
  /** An alias's cell. */
  alias?: string;
}

/** The cells of versions and aliases of a name by their path; none where the name was never used. */
export async function listCells(
  context: Context,
  name: string,
  signal?: AbortSignal,
): Promise<Map<string, MirrorCell>> {
  const folder = nameFolder(name);
  const cells = new Map<string, MirrorCell>();
  let after: string | undefined;
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
      if (cells.has(path)) continue; // an older generation
      const isOther = kind === "version" && cell !== versionCell(name, version!, context.settings.versioned);
      if (isOther) continue;
      const head = await headOf(context, newest, signal);
      cells.set(path, { cell, path, head, ...(kind === "alias" ? { alias } : { version }) });
    }
  } while (after !== undefined);
  return cells;
}

// Deleted versions whose records are still there.
import type {
  RecordBase,
  RestoredRecord,
  TombstoneRecord,
  VersionRecord,
} from "../../../core/record.ts";
import { graceAt, type Graces } from "../../cell/graces.ts";
import {
  type FoundRecord,
  type Head,
  listHeads,
  type Located,
  readRecord,
} from "../../cell/heads.ts";
import type { Operation } from "../../cell/operation.ts";
import { isVoid, mayBecomeVoid } from "../../cell/voids.ts";
import type { Base } from "../../payload/base.ts";
import type { Context } from "../context.ts";

/** The content of a deleted version, for the save that restores it. */
export interface DeletedContent {
  /** Returns the member `restored` of the record that restores it. */
  restoredBy(record: Pick<RecordBase, "createdAt" | "by">): RestoredRecord[];
  /** Returns the version as a base of this save. */
  loadBase(operation: Operation): Promise<Base>;
}

/** The content of a cell: nothing, a version that counts, or a deletion and perhaps its version. */
export type CellContent =
  | { state: "unused" }
  | { state: "live" }
  | { state: "deleted"; head: Head; tombstone: TombstoneRecord; version?: DeletedVersion };

/** A version below a deletion. */
export interface DeletedVersion {
  located: Located;
  /** Store time of the deletion, milliseconds. */
  replacedAt: number;
}

/** Reads the newest version of a cell that counts or, below a deletion, did before. */
export async function readContent(
  context: Context,
  cell: string,
  signal?: AbortSignal,
): Promise<CellContent> {
  const generations = await Array.fromAsync(listHeads(context, cell, { signal }));
  return await contentOf(context, cell, generations, signal, true);
}

/**
 * Returns what a cell has whose generations were listed, newest first. With `lasting`, a version that
 * landed late above a deletion, with payload, is still deleted: it may expire, and has the content.
 */
export async function contentOf(
  context: Context,
  cell: string,
  generations: readonly Head[],
  signal?: AbortSignal,
  lasting = false,
): Promise<CellContent> {
  const [newest] = generations;
  if (newest === undefined) return { state: "unused" };
  let deletion: { tombstone: TombstoneRecord; replacedAt: number } | undefined;
  let late: Located | undefined;
  let version: DeletedVersion | undefined;
  let next = newest.generation;
  for (const listed of generations) {
    // If one is missing, the collector has begun: it leaves the first for last, and that has
    // another value if this one was overwritten.
    const object = listed.generation === next-- && await readRecord(context, listed, signal);
    if (!object) break;
    const { record } = object;
    if (record.kind === "deleted") {
      deletion = { tombstone: record, replacedAt: listed.modifiedAt };
    } else if (record.kind === "version" && !await isVoid(context, object, signal)) {
      const located = asLocated(cell, listed, object, record);
      if (deletion !== undefined) {
        version = { located, ...deletion };
        break;
      }
      if (!lasting || !await mayBecomeVoid(context, object, signal)) return { state: "live" };
      late ??= located;
    }
  }
  const { tombstone } = deletion ?? {};
  if (tombstone === undefined) return { state: late === undefined ? "unused" : "live" };
  if (late !== undefined) version = { located: late, replacedAt: 0 }; // nothing keeps its files
  return { state: "deleted", head: newest, tombstone, ...(version && { version }) };
}

function asLocated(
  cell: string,
  listed: Head,
  found: FoundRecord,
  record: VersionRecord,
): Located {
  const { generation } = listed;
  return { cell, generation, head: listed, found, record };
}

/** Returns until when the files of a deleted version stay, by the store's clock, milliseconds. */
export function keptUntil(graces: Graces, replacedAt: number): number {
  return replacedAt + graceAt(graces, replacedAt);
}

/**
 * The base of a save: the version whose unchanged files are shared instead of uploaded.
 *
 * @module
 */
import type { Part, StoredFile, VersionRecord } from "../../core/record/record.ts";
import type { Context } from "../opening/context.ts";
import type { FoundRecord } from "../cell/heads.ts";
import { payloadKey } from "../layout.ts";
import type { Operation } from "../cell/operation.ts";
import { isLate, mayBecomeVoid } from "../cell/voids.ts";
import { knownOf } from "./known.ts";
import type { Known } from "./known.ts";
import { ownPlace, placeOf } from "./objects.ts";

/** The version whose files may be shared. */
export interface Base {
  /** Its record. */
  record: VersionRecord;
  /** Where its record is. */
  key: string;
  /** As it was found. */
  found: FoundRecord;
  /** Whether a save that changes nothing may end in it: it is of the same name, and will not turn out not to count. */
  readonly answers: boolean;
  /** True once something of it was found missing. */
  readonly damaged: boolean;
  /** What may be shared of it, by size: another size need not be looked for. */
  readonly known: ReadonlyMap<number, Known>;
  /** The same bytes under this path, or undefined; also where the store has lost some of them. */
  share(file: StoredFile): Promise<StoredFile | undefined>;
}

/** A base over a live version's record and files. */
export function createBase(
  context: Context,
  found: FoundRecord,
  files: readonly StoredFile[],
  { name, signal }: { name: string; signal?: AbortSignal },
): Base {
  const record = found.record as VersionRecord;
  const own = ownPlace(context, record);
  const bySha = new Map<string, StoredFile>();
  const bySize = new Map<number, string[]>();
  let damaged = false;
  const objects = new Map<string, number>(); // sizes of those that were looked at
  // A record that landed late may have lost its payload already. What belongs to another name is never shared.
  if (!isLate(context, found) && record.name === name) {
    for (const file of files) {
      if (file.parts === undefined) continue;
      if (!bySha.has(file.sha256)) {
        const same = bySize.get(file.size);
        if (same === undefined) bySize.set(file.size, [file.sha256]);
        else same.push(file.sha256);
      }
      bySha.set(file.sha256, file);
    }
  }
  return {
    record,
    key: found.info.key,
    found,
    answers: record.name === name && !mayBecomeVoid(context, found),
    get damaged() {
      return damaged;
    },
    known: new Map(Array.from(bySize, ([size, digests]) => [size, knownOf(digests)])),
    async share(file) {
      const same = bySha.get(file.sha256);
      if (same === undefined || same.size !== file.size) return undefined;
      const { encoding, parts, from = own } = same;
      for (const part of parts!) {
        if (!await isThere(payloadKey(name, placeOf({ from }, part)!, part.object), part)) return undefined;
      }
      return { ...file, ...(encoding === undefined ? {} : { encoding }), from, parts };
    },
  };

  /** A look costs little; a save that shares what is lost would be acknowledged and could never be read. */
  async function isThere(key: string, { offset = 0, size }: Part): Promise<boolean> {
    // Also an empty file has an object: one that is not there has less than no bytes.
    if (!objects.has(key)) objects.set(key, (await context.backend.head(key, { signal }))?.size ?? -1);
    if (objects.get(key)! >= offset + size) return true;
    damaged = true;
    context.logger.warn(`"${key}" is damaged: what it holds is stored again`);
    return false;
  }
}

/**
 * Whether a view is too old to rely on when the record is sent. One that was taken before the store's time was known
 * may be of any age, for own clocks may have stood still.
 */
export function isStaleView(operation: Operation, view: "head" | "base"): boolean {
  const at = operation.views[view];
  if (at === undefined) return false;
  return operation.ageMs(at) > operation.deadlineMs / 2 || (at.store === undefined && operation.replied);
}

// One run of the janitor, as its parts see it, and its mark.
import type { Context } from "../opening/context.ts";
import type { Cell, Folder, KnownName } from "./garbage/known.ts";
import { isPrefix } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import { isMark, markKey, SCRATCH } from "../layout.ts";

/** What the janitor removes. */
export type GarbageKind =
  | "stage"
  | "generation"
  | "scrubbed"
  | "payload"
  | "upload"
  | "draft"
  | "key"
  | "name"
  | "note";

/** One thing that the janitor removes. */
export interface GarbageItem {
  /**
   * What it is: an unfinished write, a replaced record, a first record's content, payload, an upload or a mark, a
   * draft, an idempotency key, or what was kept of a name that is forgotten, or a
   * note of lineage.
   */
  what: GarbageKind;
  key: string;
  /** The version, the alias or the name that it is of, where it is of one. */
  ref?: string;
  size: number;
  why: string;
}

/** One thing that nobody needs, and that is too young to be removed. */
export interface WaitingItem extends GarbageItem {
  until: Date;
}

export interface DraftNeeds {
  names: ReadonlySet<string>;
  /** Places of payload that a name's drafts need. Throws where that cannot be told. */
  placesOf(name: string): readonly string[];
}

export interface Collection {
  context: Context;
  signal?: AbortSignal;
  /** True where nothing is to be changed. */
  dryRun: boolean;
  forget: boolean;
  /** The key of its mark: while it is there, this run may be under way. */
  markKey: string;
  drafts: DraftNeeds;
  names: Set<string>;
  /** The mark: the store's time that all ages are measured against, milliseconds. */
  markAt(): number;
  /** How long what nobody needs stays, milliseconds. */
  graceMs: number;
  /** Whether something that was written then is old: older than `graceMs` at the mark. */
  isOld(modifiedAt: number): boolean;
  /** Whether it is so old that keys and deleted names need not be remembered any more; see {@linkcode memoryMs}. */
  isForgettable(modifiedAt: number): boolean;
  /** Whether the mark is too long ago for what must not be done late. */
  isLate(): boolean;
  count(item: GarbageItem): void;
  /** Tells of what nobody needs and may not go before `until`, milliseconds of the store's clock. */
  waits(items: readonly GarbageItem[], until: number): void;
  /** Hears how much there is, where that is all that is wanted. */
  measure?: Measure;
  /** Removes objects, counts those that went, and reports the others. True where all went. */
  remove(items: readonly GarbageItem[]): Promise<boolean>;
  /** Overwrites an object with less, and counts it; reports that it could not, and is false then. */
  replace(item: GarbageItem, replacement: Uint8Array): Promise<boolean>;
  /** Reports what could not be done. */
  fail(key: string, message: string): void;
  /** Names a record that does not count. */
  foundVoid(key: string): void;
}

export interface Measure {
  listed(name: string, folders: ReadonlyMap<string, Folder>, cells: readonly Cell[]): void;
  known(name: KnownName): void;
}

const MONTH_MS = 30 * 24 * 60 * 60 * 1000;

/** How long an idempotency key is good after its first use, and a deleted name is remembered, at least, milliseconds. */
export function memoryMs(graceMs: number): number {
  return Math.max(MONTH_MS, 30 * graceMs);
}

export interface Mark {
  /** The moment, by the store's clock, that all ages are measured against. */
  mark: number;
  key: string;
}

/**
 * Writes an object and reads its time. Where this machine's clock is further off than a quarter of the least grace it
 * refuses: ages by either of the two clocks are then not to be trusted with what cannot be undone.
 */
export async function takeMark(
  context: Context,
  action: string,
  signal?: AbortSignal,
): Promise<Mark> {
  const { backend, system, settings } = context;
  const key = markKey(system.id());
  const result = await backend.put(key, new Uint8Array(), { freesRoom: true, signal });
  const mark = result.written ? result.info.modifiedAt : NaN;
  const skewMs = Math.abs(mark - system.now());
  if (skewMs <= settings.leastGraceMs / 4) return { mark, key };
  await backend.delete(key);
  throw fault({
    code: "Unavailable",
    action,
    state: `this machine's clock and the store's differ by ${Math.round(skewMs / 1000)} s`,
    hint: "Set the clock; nothing was removed.",
    backend: backend.location,
  });
}

/** The store's time, by a mark that is gone again. */
export async function readStoreTime(
  context: Context,
  action: string,
  signal?: AbortSignal,
): Promise<number> {
  const { mark, key } = await takeMark(context, action, signal);
  await context.backend.delete(key);
  return mark;
}

/**
 * The mark of another collector that may be under way. Having listed what is to go before this one, and acting on that
 * after somebody has used the freed key again, it would remove or overwrite what was acknowledged. Every collector takes
 * its mark before it looks, so of two at once at most one finds no other.
 */
export async function otherMark(
  { context, signal, isOld, markKey }: Collection,
): Promise<string | undefined> {
  for await (const entry of context.backend.list(SCRATCH, { signal })) {
    if (
      !isPrefix(entry) && isMark(entry.key) && entry.key !== markKey && !isOld(entry.modifiedAt)
    ) return entry.key;
  }
}

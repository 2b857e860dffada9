// One run of the janitor, as its parts see it, and its mark.
import type { Context } from "../operations/context.ts";
import type { Cell, Folder, KnownName } from "./garbage/known.ts";
import { isPrefix } from "../../core/backend.ts";
import { fault, isRegistryError } from "../../core/errors.ts";
import type { SignalOptions } from "../../core/registry.ts";
import { removeObjects } from "../../core/work/remove_objects.ts";
import { isMark, markKey, refOfKey, SCRATCH } from "../format/layout.ts";

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

/** Options of `collectGarbage`. */
export interface GarbageOptions extends SignalOptions {
  /** Only say what would go. @default false */
  dryRun?: boolean;
  /**
   * Forget names all of whose versions were deleted long ago (30 days, or 30 times the grace if that is longer): all
   * that is kept of them goes, and their versions may be used again. Nobody may save under such a name while this
   * runs, and no other collector may run; names stay where one is seen. @default false
   */
  forget?: boolean;
  /**
   * Remove what nobody needs whatever its age, as if the grace had passed. Only where nobody else uses the registry
   * while this runs, on any machine: a save that is under way then may be acknowledged though its files were removed, and
   * a load or a download of what was just replaced or deleted fails. Of a name that is seen to be written to meanwhile
   * nothing goes. Idempotency keys and drafts stay as long as ever. @default false
   */
  now?: boolean;
  onItem?: (item: GarbageItem) => void;
  onWaiting?: (item: WaitingItem) => void;
}

/** What `collectGarbage` did. */
export interface GarbageReport {
  dryRun: boolean;
  /** The store's time that all ages were measured against. */
  markAt: Date;
  /** The grace that ages were measured by, milliseconds; with `now` none was. */
  graceMs: number;
  /** How many of each kind, and their bytes. */
  removed: Record<GarbageKind, { count: number; bytes: number }>;
  bytes: number;
  /** What nobody needs and is too young to go: how many things, their bytes, and from when on the first may go. */
  waiting: { count: number; bytes: number; nextAt?: Date };
  /** Keys of records that do not count: they landed too late, when their payload was gone. */
  voids: string[];
  /** What could not be removed. The next run tries again. */
  failures: { key: string; message: string }[];
}

/** What is written in the same second as the mark is not younger: many stores tell no more than seconds. */
const CLOCK_STEP_MS = 1000;

/** Options of {@linkcode Collection}. */
export interface CollectionOptions extends Omit<GarbageOptions, "dryRun"> {
  report: GarbageReport;
  /** The key of its mark: while it is there, this run may be under way. */
  markKey: string;
  /** Hears how much there is, where that is all that is wanted. */
  measure?: Measure;
}

/** One run of the garbage collector. */
export class Collection {
  readonly context: Context;
  readonly signal?: AbortSignal;
  /** True where nothing is to be changed. */
  readonly dryRun: boolean;
  readonly forget: boolean;
  readonly markKey: string;
  readonly measure?: Measure;
  drafts: DraftNeeds = { names: new Set(), placesOf: () => [] };
  readonly names: Set<string> = new Set();
  /** How long what nobody needs stays, milliseconds. */
  readonly graceMs: number;
  readonly #report: GarbageReport;
  readonly #options: CollectionOptions;
  readonly #begun: { wall: number; monotonic: number };

  constructor(context: Context, options: CollectionOptions) {
    const { report, markKey, signal, forget = false, now = false, measure } = options;
    this.context = context;
    this.signal = signal;
    this.dryRun = report.dryRun;
    this.forget = forget;
    this.markKey = markKey;
    this.measure = measure;
    this.graceMs = now ? -CLOCK_STEP_MS : report.graceMs;
    this.#report = report;
    this.#options = options;
    this.#begun = { wall: context.system.now(), monotonic: context.system.monotonic() };
  }

  /** The mark: the store's time that all ages are measured against, milliseconds. */
  markAt(): number {
    return this.#report.markAt.getTime();
  }

  /** Whether something that was written then is old: older than `graceMs` at the mark. */
  isOld(modifiedAt: number): boolean {
    return modifiedAt < this.markAt() - this.graceMs;
  }

  /** Whether it is so old that keys and deleted names need not be remembered any more; see {@linkcode memoryMs}. */
  isForgettable(modifiedAt: number): boolean {
    return modifiedAt < this.markAt() - memoryMs(this.#report.graceMs);
  }

  /** Whether the mark is too long ago for what must not be done late. */
  isLate(): boolean {
    const { system, settings } = this.context;
    const { wall, monotonic } = this.#begun;
    return Math.max(system.now() - wall, system.monotonic() - monotonic) >
      settings.leastGraceMs / 4;
  }

  count(item: GarbageItem): void {
    const removed = this.#report.removed[item.what];
    removed.count++;
    removed.bytes += item.size;
    this.#report.bytes += item.size;
    this.#options.onItem?.(named(item));
  }

  /** Tells of what nobody needs and may not go before `until`, milliseconds of the store's clock. */
  waits(items: readonly GarbageItem[], until: number): void {
    const { waiting } = this.#report;
    for (const item of items) {
      waiting.count++;
      waiting.bytes += item.size;
      waiting.nextAt = new Date(Math.min(waiting.nextAt?.getTime() ?? until, until));
      this.#options.onWaiting?.({ ...named(item), until: new Date(until) });
    }
  }

  /** Removes objects, counts those that went, and reports the others. True where all went. */
  async remove(items: readonly GarbageItem[]): Promise<boolean> {
    const keys = this.dryRun ? [] : items.map(({ key }) => key);
    const failures = await removeObjects(this.context.backend, keys, this.signal);
    for (const item of items) {
      const failure = failures.get(item.key);
      if (failure === undefined) this.count(item);
      else this.fail(item.key, failure.message);
    }
    return failures.size === 0;
  }

  /** Overwrites an object with less, and counts it; reports that it could not, and is false then. */
  async replace(item: GarbageItem, replacement: Uint8Array): Promise<boolean> {
    const { context: { backend }, signal } = this;
    signal?.throwIfAborted();
    try {
      if (!this.dryRun) await backend.put(item.key, replacement, { freesRoom: true, signal });
      this.count(item);
      return true;
    } catch (error) {
      if (!isRegistryError(error)) throw error;
      this.fail(item.key, error.message);
      return false;
    }
  }

  /** Reports what could not be done. */
  fail(key: string, message: string): void {
    this.#report.failures.push({ key, message });
  }

  /** Names a record that does not count. */
  foundVoid(key: string): void {
    this.#report.voids.push(key);
  }
}

function named(item: GarbageItem): GarbageItem {
  const ref = refOfKey(item.key);
  return ref === undefined ? item : { ...item, ref };
}

/** In the order of a report. */
const GARBAGE_KINDS: readonly GarbageKind[] = [
  "stage",
  "generation",
  "scrubbed",
  "key",
  "name",
  "payload",
  "upload",
  "draft",
  "note",
];

export function emptyReport(
  { dryRun, mark, graceMs }: { dryRun: boolean; mark: number; graceMs: number },
): GarbageReport {
  const none = () => ({ count: 0, bytes: 0 });
  const removed = Object.fromEntries(GARBAGE_KINDS.map((kind) => [kind, none()]));
  return {
    dryRun,
    markAt: new Date(mark),
    graceMs,
    removed: removed as GarbageReport["removed"],
    bytes: 0,
    waiting: { count: 0, bytes: 0 },
    voids: [],
    failures: [],
  };
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
  collection: Collection,
): Promise<string | undefined> {
  const { context, signal, markKey } = collection;
  for await (const entry of context.backend.list(SCRATCH, { signal })) {
    if (
      !isPrefix(entry) && isMark(entry.key) && entry.key !== markKey &&
      !collection.isOld(entry.modifiedAt)
    ) return entry.key;
  }
}

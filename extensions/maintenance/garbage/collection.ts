// One run of the garbage collector, and its mark.
import { isPrefix } from "../../../backends/mod.ts";
import type { ErrorCode } from "../../../mod.ts";
import type { SignalOptions } from "../../../registry/mod.ts";
import { isRegistryError, unavailable } from "../../../core/kernel.ts";
import { LAYOUT, PackedMap, type Records } from "../../../registry/records.ts";
import type { Cell, Folder, KnownName } from "./known.ts";
import { Outlook, type Waiting } from "./outlook.ts";
import { refOfKey } from "../garbage_keys.ts";

/** A kind of garbage. */
export type GarbageKind =
  | "stage"
  | "generation"
  | "scrubbed"
  | "key"
  | "name"
  | "payload"
  | "upload"
  | "draft"
  | "note";

/** An object that the garbage collector removes. */
export interface GarbageItem {
  /**
   * An unfinished write (`stage`), a replaced record (`generation`), the content of a first record
   * (`scrubbed`), payload, an upload or mark, a draft, an idempotency key, a record of a forgotten
   * name, or a lineage note.
   */
  what: GarbageKind;
  key: string;
  /** The version, alias or name that it belongs to, if any. */
  ref?: string;
  size: number;
  why: string;
}

/** Garbage that is too young to be removed. */
export interface WaitingItem extends GarbageItem {
  until: Date;
}

export interface DraftNeeds {
  names: ReadonlySet<string>;
  /** Returns the payload places of a name's drafts. Throws if they cannot be read. */
  placesOf(name: string): DraftPlaces;
}

export interface DraftPlaces {
  /** Of drafts that may be committed. */
  needed: readonly string[];
  /** Of drafts that this run removes, and that no version has. */
  released: readonly string[];
  /** Ids of drafts whose commit has begun, as long as they are remembered. */
  committed: readonly string[];
}

export const NO_PLACES: DraftPlaces = { needed: [], released: [], committed: [] };

/** Options of `collectGarbage`. */
export interface GarbageOptions extends SignalOptions {
  /** Report without removing anything. @default false */
  dryRun?: boolean;
  /**
   * Forget names whose versions were all deleted long ago: 30 days, or 30 times the grace period if
   * that is longer. Their version numbers can be used again. Meanwhile nothing may save under such
   * a name, and no other collector may run: names are kept if one is found. @default false
   */
  forget?: boolean;
  /**
   * Ignore the grace period. Only if nothing else uses the registry, on any machine: a concurrent
   * save may be acknowledged although its files are removed, and loads of replaced or deleted
   * versions fail. Names that are written to meanwhile are skipped. Idempotency keys and drafts
   * are kept as usual. @default false
   */
  now?: boolean;
  /**
   * Inspect every name. By default, a run skips names of which nothing was deleted or replaced since
   * a run that found nothing to remove, until something of them can be removed, at most 30 days. So
   * the payload of an interrupted save and old idempotency keys may stay that much longer. Runs with
   * `now`, `forget` or `onWaiting` inspect every name. @default false
   */
  all?: boolean;
  onItem?: (item: GarbageItem) => void;
  onWaiting?: (item: WaitingItem) => void;
}

/** The result of `collectGarbage`. */
export interface GarbageReport {
  dryRun: boolean;
  /** Time of the store from which all ages are measured. */
  markAt: Date;
  /** The grace period, milliseconds; ignored with `now`. */
  graceMs: number;
  /** Objects and bytes by kind. */
  removed: Record<GarbageKind, { count: number; bytes: number }>;
  bytes: number;
  /** Number of names that this run did not inspect, see `all`. */
  skipped: number;
  /** Garbage that is too young: objects, bytes, and when the first can be removed. */
  waiting: { count: number; bytes: number; nextAt?: Date };
  /** Keys of expired records: they landed too late, after their payload was collected. */
  voids: string[];
  /** Objects that could not be checked or removed. The next run tries again. */
  failures: { key: string; code?: ErrorCode; message: string }[];
}

/** Many stores have times in seconds: an object of the same second is not younger than the mark. */
const CLOCK_STEP_MS = 1000;

interface CollectionOptions extends Omit<GarbageOptions, "dryRun"> {
  report: GarbageReport;
  /** Key of the mark. While it exists, this run may be active. Empty in a run that only measures. */
  markKey: string;
  /** Receives sizes, if only those are needed. */
  measure?: Measure;
  /** Shared by all views. Notes save the next run reads, and must not take the space of deletions. */
  notes?: { areWritten: boolean };
  /** Receives what comparisons find, if this is a view for one name. */
  outlook?: Outlook;
  begun?: Moment;
}

/** A moment by both clocks of this machine, milliseconds. */
export type Moment = Record<"wall" | "monotonic", number>;

export class Collection {
  readonly context: Records;
  readonly signal?: AbortSignal;
  readonly dryRun: boolean;
  readonly forget: boolean;
  readonly markKey: string;
  readonly measure?: Measure;
  readonly notes: { areWritten: boolean };
  drafts: DraftNeeds = { names: new Set(), placesOf: () => NO_PLACES };
  readonly names: PackedMap = new PackedMap();
  /** How long garbage is kept, milliseconds. */
  readonly graceMs: number;
  readonly #options: CollectionOptions;
  readonly #begun: Moment;

  constructor(context: Records, options: CollectionOptions) {
    const { report, markKey, signal, forget = false, now = false, measure } = options;
    this.context = context;
    this.signal = signal;
    this.dryRun = report.dryRun;
    this.forget = forget;
    this.markKey = markKey;
    this.measure = measure;
    this.notes = options.notes ?? { areWritten: false };
    this.graceMs = now ? -CLOCK_STEP_MS : report.graceMs;
    this.#options = options;
    this.#begun = options.begun ?? this.moment();
  }

  /** Returns a view for one name, and the outlook that its comparisons fill. */
  ofName(): { view: Collection; outlook: Outlook } {
    const outlook = new Outlook();
    const view = new Collection(this.context, { ...this.#options, outlook, begun: this.#begun });
    view.drafts = this.drafts;
    return { view, outlook };
  }

  /** Returns true if this run must look at every name. */
  looksAtAll(): boolean {
    const { all = false, onWaiting, now = false } = this.#options;
    return all || now || this.forget || onWaiting !== undefined;
  }

  /** Leaves something of the name to the next run. */
  leaveOpen(): void {
    if (this.#options.outlook !== undefined) this.#options.outlook.isOpen = true;
  }

  /** Returns the time of the store from which all ages are measured, milliseconds. */
  markAt(): number {
    return this.#options.report.markAt.getTime();
  }

  /**
   * Returns true for times that were longer than `graceMs` ago at the mark. If false, notes when it
   * will be true.
   */
  isOld(modifiedAt: number): boolean {
    const isOld = modifiedAt < this.markAt() - this.graceMs;
    if (!isOld) this.#options.outlook?.changesAt(modifiedAt + this.graceMs);
    return isOld;
  }

  /**
   * Returns true if keys and deleted names of this time can be forgotten: {@linkcode memoryMs}. Does
   * not note when: keys of names that are saved each day would end each day.
   */
  isForgettable(modifiedAt: number): boolean {
    return modifiedAt < this.markAt() - memoryMs(this.#options.report.graceMs);
  }

  moment(): Moment {
    const { system } = this.context;
    return { wall: system.now(), monotonic: system.monotonic() };
  }

  /** Returns true if the mark, or what was read since, is too old for what must not be late. */
  isLate(begun: Moment = this.#begun): boolean {
    const { wall, monotonic } = this.moment();
    return Math.max(wall - begun.wall, monotonic - begun.monotonic) >
      this.context.settings.leastGraceMs / 4;
  }

  count(item: GarbageItem): void {
    if (item.what !== "key" || this.measure !== undefined) this.leaveOpen();
    const removed = this.#options.report.removed[item.what];
    removed.count++;
    removed.bytes += item.size;
    this.#options.report.bytes += item.size;
    this.#options.onItem?.(named(item));
  }

  /** Reports garbage that must stay until `until`, milliseconds of the store's clock. */
  waits(items: readonly GarbageItem[], until: number): void {
    for (const item of items) {
      this.addWaiting({ count: 1, bytes: item.size, nextAt: until });
      this.#options.onWaiting?.({ ...named(item), until: new Date(until) });
    }
  }

  /** Removes objects, and reports each as removed or failed. Returns true if all were removed. */
  async remove(items: readonly GarbageItem[]): Promise<boolean> {
    const keys = this.dryRun ? [] : items.map(({ key }) => key);
    const failures = await this.context.remove(keys, this.signal);
    for (const item of items) {
      const failure = failures.get(item.key);
      if (failure === undefined) this.count(item);
      else this.fail(item.key, failure);
    }
    return failures.size === 0;
  }

  /** Overwrites an object with less. Returns false, after reporting it, if that failed. */
  async replace(item: GarbageItem, replacement: Uint8Array): Promise<boolean> {
    const { context: { backend }, signal } = this;
    signal?.throwIfAborted();
    try {
      if (!this.dryRun) await backend.put(item.key, replacement, { useReserve: true, signal });
      this.count(item);
      return true;
    } catch (error) {
      if (!isRegistryError(error)) throw error;
      this.fail(item.key, error);
      return false;
    }
  }

  /** Adds garbage to the sums of the report. */
  addWaiting({ count, bytes, nextAt }: Waiting): void {
    this.#options.outlook?.waits({ count, bytes, nextAt });
    const { waiting } = this.#options.report;
    waiting.count += count;
    waiting.bytes += bytes;
    waiting.nextAt = new Date(Math.min(waiting.nextAt?.getTime() ?? nextAt, nextAt));
  }

  fail(key: string, { code, message }: { code?: ErrorCode; message: string }): void {
    this.leaveOpen();
    this.#options.report.failures.push({ key, ...code && { code }, message });
  }

  /** Reports, once, that the run began too long ago to forget names. */
  failAsLate(): void {
    const { report: { failures } } = this.#options;
    const minutes = Math.round(this.context.settings.leastGraceMs / 4 / 60_000);
    const message = `Cannot forget more names: the run began more than ${minutes} minutes ago`;
    if (failures.some((failure) => failure.message === message)) return this.leaveOpen();
    this.fail(this.markKey, { message });
  }

  /** Reports an expired record. */
  foundVoid(key: string): void {
    this.leaveOpen();
    this.#options.report.voids.push(key);
  }
}

function named(item: GarbageItem): GarbageItem {
  const ref = refOfKey(item.key);
  return ref === undefined ? item : { ...item, ref };
}

/** Returns an empty report for the grace periods that bind at a mark, by default now. */
export async function newReport(
  context: Records,
  { dryRun, mark, signal }: SignalOptions & { dryRun: boolean; mark?: number },
): Promise<GarbageReport> {
  const now = mark ?? context.now();
  const graceMs = await context.graceMs({ now }, signal);
  const none = () => ({ count: 0, bytes: 0 });
  return {
    dryRun,
    markAt: new Date(now),
    graceMs,
    removed: {
      stage: none(),
      generation: none(),
      scrubbed: none(),
      key: none(),
      name: none(),
      payload: none(),
      upload: none(),
      draft: none(),
      note: none(),
    },
    bytes: 0,
    skipped: 0,
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

/** Returns how long idempotency keys and deleted names are remembered, milliseconds. */
export function memoryMs(graceMs: number): number {
  return Math.max(MONTH_MS, 30 * graceMs);
}

/**
 * Writes an object. Returns its key, and its time: that of the store from which all ages are
 * measured, milliseconds. Throws if this machine's clock differs by more than a quarter of the least
 * grace period: then ages cannot be trusted for deletions.
 */
export async function takeMark(
  context: Records,
  action: string,
  signal?: AbortSignal,
): Promise<{ mark: number; key: string }> {
  const { backend, system, settings } = context;
  const key = LAYOUT.markKey(system.id());
  const result = await backend.put(key, new Uint8Array(), { useReserve: true, signal });
  const mark = result.written ? result.info.modifiedAt : NaN;
  const skewMs = Math.abs(mark - system.now());
  if (skewMs <= settings.leastGraceMs / 4) return { mark, key };
  await backend.delete(key);
  const state = `the clocks of this machine and the store differ by ${Math.round(skewMs / 1000)} s`;
  const hint = "Set the clock of this machine. Nothing was removed.";
  throw unavailable(action, undefined, state, { hint, backend: backend.location });
}

/** Reads the time of the store from a mark, which it removes. */
export async function readStoreTime(
  context: Records,
  action: string,
  signal?: AbortSignal,
): Promise<number> {
  const { mark, key } = await takeMark(context, action, signal);
  await context.backend.delete(key);
  return mark;
}

/**
 * Returns the mark of another collector that may be active. If that listed a key before this run
 * and removes it after the key was used again, acknowledged data is lost. Each collector takes its
 * mark before it lists anything, so at most one of two finds no other mark. A list without the own
 * mark shows nothing of others: then this returns the own mark.
 */
export async function otherMark(collection: Collection): Promise<string | undefined> {
  const { context, signal, markKey } = collection;
  let isOwnListed = markKey === "";
  for await (const entry of context.backend.list(LAYOUT.SCRATCH, { signal })) {
    if (isPrefix(entry) || !LAYOUT.isMark(entry.key)) continue;
    if (entry.key === markKey) isOwnListed = true;
    else if (!collection.isOld(entry.modifiedAt)) return entry.key;
  }
  return isOwnListed ? undefined : markKey;
}

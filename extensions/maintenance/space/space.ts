// Measures the space of a registry: of each name, of shared files, and of garbage.
import type { Registry } from "../../../mod.ts";
import type { SignalOptions } from "../../../registry/mod.ts";
import { forEachAtOnce, isJsonObject, type RegistryError, valueAt } from "../../../core/kernel.ts";
import {
  Fingerprint,
  LAYOUT,
  PackedMap,
  RACY_MS,
  recordsOf,
  usedBytes,
} from "../../../registry/records.ts";
import type { Records } from "../../../registry/records.ts";
import { sweepStages } from "../garbage/collect_garbage.ts";
import { Collection, newReport } from "../garbage/collection.ts";
import type { GarbageItem, GarbageReport, Measure, WaitingItem } from "../garbage/collection.ts";
import { collectDrafts } from "../garbage/drafts.ts";
import type { Cell, Folder, Kept, KnownName } from "../garbage/known.ts";
import { removeLeftovers } from "../garbage/leftovers.ts";
import { collectName } from "../garbage/garbage_of_name.ts";
import { LOOK_AGAIN_MS, lookAgainAt, Outlook } from "../garbage/outlook.ts";
import { type JoinedName, joinNames } from "./join_names.ts";
import { SPACE_TABLE } from "../garbage_keys.ts";

/** Options of `measureSpace`. */
export interface SpaceOptions extends SignalOptions {
  /**
   * Read the records of every name. By default, names that have not changed since a measurement
   * that found no garbage keep its result, at most 30 days. @default false
   */
  all?: boolean;
}

/** Garbage, in bytes. */
export interface GarbageSpace {
  bytes: number;
  /** Bytes that `collectGarbage` frees now; the rest is too young. */
  freeableBytes: number;
  nextAt?: Date;
  allAt?: Date;
}

/** The space of one name. */
export interface NameSpace {
  name: string;
  versions: number;
  size: number;
  /** Bytes in the store: records and files, including garbage. */
  bytes: number;
  sharedBytes: number;
  /** Bytes in objects of live versions that none of them uses any more. */
  unusedBytes: number;
  /** Bytes of drafts, such as the points of runs, which stay for a week after the run has ended. */
  draftBytes: number;
  garbage: GarbageSpace;
}

/** The versions of one day. */
export interface DaySpace {
  /** As `2026-11-23`. */
  day: string;
  versions: number;
  /** Bytes of their files. */
  size: number;
}

/** The result of {@linkcode measureSpace}. */
export interface SpaceReport {
  bytes: number;
  objects: number;
  names: NameSpace[];
  /** Bytes that belong to no name: settings, drafts, uploads, marks and notes. */
  otherBytes: number;
  /** Bytes of uploads that no version has yet; a part of `otherBytes`. */
  uploadBytes: number;
  garbage: GarbageSpace;
  /** Live versions by the day on which the store received them (UTC), oldest first. */
  days: DaySpace[];
  /** Local time from which ages were measured. The store's clock is not read. */
  measuredAt: Date;
  /** Unreadable data. Its name is measured as far as it was listed. */
  failures: GarbageReport["failures"];
}

/** Implements `measureSpace` of `extensions/maintenance/mod.ts`. */
export async function measureSpace(
  registry: Registry,
  { all = false, signal }: SpaceOptions = {},
): Promise<SpaceReport> {
  const context = recordsOf(registry, "measure space");
  const report = await newReport(context, { dryRun: true, signal });
  const measure = new SpaceMeasure();
  const collectionOf = (store: Records, outlook?: Outlook) =>
    new Collection(store, {
      report,
      markKey: "",
      signal,
      onItem: (item) => measure.freeable(item),
      onWaiting: (item) => measure.waiting(item),
      measure,
      outlook,
    });
  const collection = collectionOf(context);
  await sweepStages(collection, report);
  await measureNames(collection, { all, measure, collectionOf });
  await removeLeftovers(collection);
  const other = await measureOther(context, report.failures, signal);
  const { garbage } = measure;
  const names = measure.names();
  return {
    bytes: names.reduce((sum, { bytes }) => sum + bytes, other.bytes),
    objects: measure.objects + other.objects,
    names,
    otherBytes: other.bytes,
    uploadBytes: other.uploadBytes,
    garbage,
    days: measure.days(),
    measuredAt: report.markAt,
    failures: report.failures,
  };
}

interface Measuring {
  all: boolean;
  measure: SpaceMeasure;
  collectionOf(store: Records, outlook: Outlook): Collection;
}

/** Another number makes all notes of sizes invalid. */
const EDITION = 1;

/**
 * Measures each name from one list of all payload and one of all records. A name that is listed as
 * it was when it had no garbage keeps the sizes of that time.
 */
async function measureNames(
  collection: Collection,
  { all, measure, collectionOf }: Measuring,
): Promise<void> {
  const { context, signal, names, graceMs } = collection;
  const drafts = await collectDrafts(collection);
  const table = await context.notes.table({ folder: SPACE_TABLE, isEntry, signal });
  const noted = new PackedMap<Entry>();
  const mark = collection.markAt();
  const salt = [EDITION, graceMs, context.settings.versioned, context.settings.mutable].join();
  const measureOne = async ({ name, folders }: JoinedName) => {
    names.set(name, true);
    const entries = folders.flatMap(({ entries }) => entries);
    const fingerprint = Fingerprint.of(entries, { salt });
    const entry = all || drafts.names.has(name) ? undefined : table.entries.get(name);
    if (entry?.[0] === fingerprint && mark < entry[1] && entry[1] <= mark + LOOK_AGAIN_MS) {
      noted.set(name, entry);
      return measure.add(name, [entry[2], entry[3]]);
    }
    const outlook = new Outlook();
    const view = collectionOf(context.asListed(folders), outlook);
    view.drafts = drafts;
    try {
      await collectName(view, name);
    } catch (error) {
      const failure = await context.asPartial(error, signal);
      return collection.fail(failure.key ?? name, failure);
    }
    const measured = measure.take(name);
    const isQuiet = !outlook.isOpen && outlook.waiting.count === 0 && !drafts.names.has(name) &&
      entries.every(({ modifiedAt }) => modifiedAt < mark - RACY_MS);
    const until = Math.min(outlook.until, lookAgainAt(mark, name));
    if (isQuiet) noted.set(name, [fingerprint, until, ...measured]);
    if (!context.readOnly) await table.saveInterim(noted);
  };
  const onFailure = (error: RegistryError, name?: string) => {
    if (name !== undefined) names.set(name, true);
    collection.fail(error.key ?? name ?? "", error);
  };
  await forEachAtOnce(joinNames(context, { signal, onFailure }), measureOne);
  const others = [...drafts.names].filter((name) => !names.has(name));
  await forEachAtOnce(others, (name) => measureOne({ name, folders: [] }));
  if (!context.readOnly) await table.save(noted);
}

type Sizes = [
  objects: number,
  bytes: number,
  versions: number,
  size: number,
  sharedBytes: number,
  unusedBytes: number,
];

/** Of a name without garbage, and its days. */
type Measured = [sizes: Sizes, days: DaySpace[]];

/** The fingerprint of the lists of a name, until when it counts, and what was measured. */
type Entry = [fingerprint: string, until: number, ...Measured];

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value) || value.length !== 4) return false;
  const [fingerprint, until, sizes, days] = value;
  return typeof fingerprint === "string" && isCount(until) &&
    Array.isArray(sizes) && sizes.length === 6 && sizes.every(isCount) &&
    Array.isArray(days) && days.every(isDay);
}

function isDay(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { day, versions, size } = value;
  return typeof day === "string" && isCount(versions) && isCount(size);
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && value >= 0;
}

/** Adds up the findings of a collection that removes nothing. */
class SpaceMeasure implements Measure {
  objects = 0;
  readonly garbage: GarbageSpace = { bytes: 0, freeableBytes: 0 };
  /** Names that are being measured, that failed, or that have garbage. */
  readonly #spaces = new Map<string, NameSpace>();
  /** Sizes of all others. */
  readonly #clean = new PackedMap<Sizes>();
  readonly #days = new Map<string, DaySpace>();
  /** Objects of the names that were listed but are not known yet, and their sizes by place and number. */
  readonly #listed = new Map<string, { objects: number; sizes: ReadonlyMap<string, number> }>();
  readonly #measured = new Map<string, Measured>();

  /** Returns the names, largest first. */
  names(): NameSpace[] {
    const spaces = [...this.#spaces.values()];
    for (const [name, sizes] of this.#clean) spaces.push(spaceOf(name, sizes));
    return spaces.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  }

  days(): DaySpace[] {
    return [...this.#days.values()].sort((a, b) => a.day < b.day ? -1 : 1);
  }

  /** Adds what was measured of a name without garbage. */
  add(name: string, [sizes, days]: Measured): void {
    this.objects += sizes[0];
    this.#clean.set(name, sizes);
    this.#addDays(days);
  }

  /** Takes what was just measured of a name. */
  take(name: string): Measured {
    const measured = valueAt(this.#measured, name);
    this.#measured.delete(name);
    const { draftBytes, garbage: { bytes, nextAt } } = valueAt(this.#spaces, name);
    if (draftBytes > 0 || bytes > 0 || nextAt !== undefined) return measured;
    this.#spaces.delete(name);
    this.#clean.set(name, measured[0]);
    return measured;
  }

  listed(name: string, folders: ReadonlyMap<string, Folder>, cells: readonly Cell[]): void {
    const payloads = [...folders].flatMap(([place, { objects }]) =>
      objects.map((object) => ({ ...object, place }))
    );
    const records = cells.flatMap(({ generations }) => generations);
    const objects = payloads.length + records.length;
    const bytes = [...payloads, ...records].reduce((sum, { size }) => sum + size, 0);
    this.objects += objects;
    this.#spaces.set(name, spaceOf(name, [objects, bytes, 0, 0, 0, 0]));
    const objectOf = (key: string) => key.slice(key.lastIndexOf("/") + 1);
    const sizes = new Map(
      payloads.map(({ place, key, size }) => [`${place}/${objectOf(key)}`, size]),
    );
    this.#listed.set(name, { objects, sizes });
  }

  known({ name, cells, records }: KnownName): void {
    const { objects, sizes } = valueAt(this.#listed, name);
    this.#listed.delete(name);
    const users = new Map<string, number>();
    const ranges: Kept["ranges"] = [];
    const days = new Map<string, DaySpace>();
    const space = valueAt(this.#spaces, name);
    for (const { kind, generations: [head] } of cells) {
      const version = kind === "version" ? records.get(head.key)?.version : undefined;
      if (version === undefined) continue;
      space.versions++;
      space.size += version.size;
      const day = new Date(head.modifiedAt).toISOString().slice(0, 10);
      addDay(days, { day, versions: 1, size: version.size });
      for (const range of version.ranges) ranges.push(range);
      for (const [place, object] of version.objects) {
        const key = `${place}/${object}`;
        users.set(key, (users.get(key) ?? 0) + 1);
      }
    }
    space.draftBytes += sizes.values().reduce((sum, size) => sum + size, 0);
    for (const [key, count] of users) {
      if (count > 1) space.sharedBytes += sizes.get(key) ?? 0;
      space.draftBytes -= sizes.get(key) ?? 0;
    }
    for (const [key, used] of usedBytes(ranges)) {
      space.unusedBytes += Math.max((sizes.get(key) ?? 0) - used, 0);
    }
    const { bytes, versions, size, sharedBytes, unusedBytes } = space;
    const all = [...days.values()];
    this.#measured.set(name, [[objects, bytes, versions, size, sharedBytes, unusedBytes], all]);
    this.#addDays(all);
  }

  #addDays(days: readonly DaySpace[]): void {
    for (const day of days) addDay(this.#days, day);
  }

  /** Counts garbage that can be removed now. */
  freeable(item: GarbageItem): void {
    for (const space of this.#garbageOf(item)) {
      space.bytes += item.size;
      space.freeableBytes += item.size;
    }
  }

  /** Counts garbage that is too young. */
  waiting(item: WaitingItem): void {
    for (const space of this.#garbageOf(item)) {
      space.bytes += item.size;
      if (space.nextAt === undefined || item.until < space.nextAt) space.nextAt = item.until;
      if (space.allAt === undefined || item.until > space.allAt) space.allAt = item.until;
    }
  }

  /** Returns the totals to which an item is added: the registry's, and those of its name. */
  #garbageOf({ key, size }: GarbageItem): GarbageSpace[] {
    const [top, name = ""] = key.split("/");
    const space = top === "names" || top === "objects" ? this.#spaces.get(name) : undefined;
    if (space !== undefined && top === "objects") space.draftBytes -= size;
    return space === undefined ? [this.garbage] : [this.garbage, space.garbage];
  }
}

/** Returns the space of an encoded name, without garbage. */
function spaceOf(
  name: string,
  [, bytes, versions, size, sharedBytes, unusedBytes]: Sizes,
): NameSpace {
  const garbage = { bytes: 0, freeableBytes: 0 };
  return {
    name: LAYOUT.decodeName(name)!,
    versions,
    size,
    bytes,
    sharedBytes,
    unusedBytes,
    draftBytes: 0,
    garbage,
  };
}

function addDay(days: Map<string, DaySpace>, { day, versions, size }: DaySpace): void {
  const known = days.get(day) ?? { day, versions: 0, size: 0 };
  days.set(day, { day, versions: known.versions + versions, size: known.size + size });
}

/** Measures everything outside the names. */
async function measureOther(
  context: Records,
  failures: SpaceReport["failures"],
  signal?: AbortSignal,
): Promise<{ bytes: number; objects: number; uploadBytes: number }> {
  let bytes = 0, objects = 0, uploadBytes = 0;
  const onFailure = ({ code, message }: RegistryError, key: string) =>
    void failures.push({ key, code, message });
  for (const top of [LAYOUT.SETTINGS, ...LAYOUT.AUXILIARY]) {
    for await (const { size } of context.list(top, { signal, onFailure })) {
      bytes += size;
      objects++;
      if (top === LAYOUT.UPLOADS) uploadBytes += size;
    }
  }
  const options = { olderThan: Infinity, dryRun: true, signal };
  for await (const { size = 0 } of context.backend.sweepUploads?.(options) ?? []) {
    bytes += size;
    uploadBytes += size;
    objects++;
  }
  return { bytes, objects, uploadBytes };
}

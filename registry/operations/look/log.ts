// The log of a name, from its records.
import { isRegistryError } from "../../../core/errors.ts";
import { checkName } from "../../../core/naming/names.ts";
import { itemAt } from "../../../core/faults/present.ts";
import type { AnyRecord } from "../../../core/record.ts";
import { authorOf } from "../../../core/naming/author.ts";
import type { LogEntry, LogOptions } from "../../../core/registry/log.ts";
import type { Registry } from "../../../core/registry.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import {
  type Head,
  listHeads,
  readRecord,
  type VersionHead,
  versionHeads,
} from "../../cell/heads.ts";
import { firstSavedAt } from "../../cell/since.ts";
import { aliasesFolder, cellOf, notesFolder, parseCellKey } from "../../format/layout.ts";
import { type Context, contextOf } from "../context.ts";
import { noSuchName } from "../listing.ts";
import { readVersion } from "../resolve.ts";
import { deletionOf } from "./past.ts";

/** A record with events. */
export interface Source {
  key: string;
  /** None of its events is later, milliseconds. */
  latest: number;
  /** Rank among events of the same millisecond; higher is newer. */
  order: number;
  read(): Promise<LogEntry[]> | LogEntry[];
}

/** Precision of the times of some stores, which are whole seconds. */
const CLOCK_STEP_MS = 1_000;
/** Maximum by which the clock of a writer may be ahead of that of another store. */
const CLOCKS_DIFFER_MS = 100;
/** A record that is further ahead was copied by a program that lost the times of its files. */
const MOST_AHEAD_MS = 24 * 60 * 60 * 1000;
/** Minimum number of records to read at once. */
const MIN_BATCH = 16;
/** Sources that a pass over all holds at first, and up to twice as many meanwhile. */
const HELD = 16_384;

export async function* readLog(
  registry: Registry,
  name: string,
  options: LogOptions = {},
): AsyncGenerator<LogEntry> {
  const { limit = Infinity, signal } = options;
  checkName(name);
  const { service } = registry;
  if (service?.log !== undefined) return yield* service.log(name, { limit, signal });
  const context = contextOf(registry, "list the log");
  const newest = await newestOf(() => sourcesOf(context, name, signal), limit);
  if (newest === undefined) throw noSuchName(name, registry.location);
  yield* newest;
}

/**
 * Reads sources, latest first, until the newest events that are wanted are certain. `list` returns
 * all sources, in any order. It is called again if as many as are `held` were not enough.
 *
 * @returns undefined if there is no source
 */
export async function newestOf(
  list: () => AsyncIterable<Source>,
  limit: number,
  { isWanted = () => true, held = HELD }: {
    isWanted?(entry: LogEntry): boolean;
    held?: number;
  } = {},
): Promise<LogEntry[] | undefined> {
  let newest: { entry: LogEntry; order: number }[] = [];
  const mayBeNewer = ({ latest }: Source) => (newest[limit - 1]?.entry.at.getTime() ?? 0) <= latest;
  const batch = Math.max(MIN_BATCH, limit);
  let last: Source | undefined;
  for (let most = Math.max(held, limit), isOver = false; !isOver; most *= 4) {
    const sources = await latestOf(list(), most, last);
    for (let at = 0; at < sources.length && mayBeNewer(itemAt(sources, at)); at += batch) {
      // In the order of the list, which decides between events of one time and order.
      const read = mapAtOnce(
        sources.slice(at, at + batch),
        async ({ latest, order, read }) =>
          (await read()).map((entry) => atLatest(entry, latest)).filter(isWanted)
            .map((entry) => ({ entry, order })),
      );
      for await (const entries of read) newest.push(...entries);
      newest.sort((a, b) =>
        b.entry.at.getTime() - a.entry.at.getTime() ||
        RANKS[b.entry.event] - RANKS[a.entry.event] ||
        b.order - a.order
      );
      newest = newest.slice(0, limit);
    }
    if (last === undefined && sources.length === 0) return undefined;
    last = sources.at(-1);
    isOver = last === undefined || sources.length < most || !mayBeNewer(last);
  }
  return newest.map(({ entry }) => entry);
}

/** Returns an event, not later than the store received it: the clock of the writer may be wrong. */
function atLatest(entry: LogEntry, latest: number): LogEntry {
  const ahead = entry.at.getTime() - latest;
  return ahead > 0 && ahead < MOST_AHEAD_MS ? { ...entry, at: new Date(latest) } : entry;
}

/** Returns the latest sources after `last`, at most so many. Holds twice as many. */
async function latestOf(
  list: AsyncIterable<Source>,
  most: number,
  last?: Source,
): Promise<Source[]> {
  const inOrder = (a: Source, b: Source) => b.latest - a.latest || (a.key < b.key ? -1 : 1);
  let held: Source[] = [];
  const cut = () => held = held.sort(inOrder).slice(0, most);
  for await (const source of list) {
    if (last !== undefined && (source.key === last.key || inOrder(source, last) < 0)) continue;
    if (held.push(source) >= 2 * most) cut();
  }
  return cut();
}

/**
 * Order of events in one millisecond: a version is saved, an alias is set, a version is deleted.
 */
const RANKS: Record<LogEntry["event"], number> = {
  saved: 0,
  aliased: 1,
  unaliased: 1,
  annotated: 1,
  deleted: 2,
  restored: 3,
};

async function* sourcesOf(
  context: Context,
  name: string,
  signal?: AbortSignal,
): AsyncGenerator<Source> {
  let order = 0;
  for await (const listed of versionHeads(context, name, { deleted: true, signal })) {
    yield versionSource(context, name, { ...listed, order: --order }, signal);
  }
  for await (const listed of listHeads(context, aliasesFolder(name), { signal })) {
    const alias = parseCellKey(listed.key)?.label;
    if (alias !== undefined) yield aliasSource(context, { name, alias, listed }, signal);
  }
  for await (const listed of listHeads(context, notesFolder(name), { signal })) {
    yield noteSource(context, name, listed, signal);
  }
}

/** Returns when an event of a record may be at the latest, by the time when a store received it. */
function latestAt({ modifiedAt }: Head): number {
  return modifiedAt + (modifiedAt % CLOCK_STEP_MS === 0 ? CLOCK_STEP_MS : CLOCKS_DIFFER_MS);
}

/** Returns the events of a version, from its head. */
export function versionSource(
  context: Context,
  name: string,
  { order, ...listed }: VersionHead & { order: number },
  signal?: AbortSignal,
): Source {
  const read = () =>
    listed.head.dead
      ? readDeletion(context, name, listed, signal)
      : readSave(context, name, listed, signal);
  return { key: listed.head.key, latest: latestAt(listed.head), order, read };
}

/** Returns one change of an alias. */
export function aliasSource(
  context: Context,
  { name, alias, listed }: { name: string; alias: string; listed: Head },
  signal?: AbortSignal,
): Source {
  const read = () => readChange(context, { name, alias, key: listed.key }, signal);
  return { key: listed.key, latest: latestAt(listed), order: listed.generation, read };
}

/** Returns one change of notes and labels. */
export function noteSource(
  context: Context,
  name: string,
  listed: Head,
  signal?: AbortSignal,
): Source {
  const read = () => readNote(context, name, listed.key, signal);
  return { key: listed.key, latest: latestAt(listed), order: listed.generation, read };
}

async function readNote(
  context: Context,
  name: string,
  key: string,
  signal?: AbortSignal,
): Promise<LogEntry[]> {
  const record = (await readRecord(context, key, signal))?.record;
  if (record?.kind !== "note") return [];
  const { version, notes, labels, createdAt, commit } = record;
  const about = { ...version !== undefined && { version }, ...notes !== undefined && { notes } };
  const at = new Date(createdAt);
  return [{ event: "annotated", name, ...about, labels, at, ...byOf(record), commit }];
}

async function readSave(
  context: Context,
  name: string,
  { version: { canonical }, head }: VersionHead,
  signal?: AbortSignal,
): Promise<LogEntry[]> {
  try {
    const located = await readVersion(context, cellOf(head.key), { head, signal });
    if (located === undefined) return []; // deleted meanwhile
    const { version, createdAt, size, commit, restored = [] } = located.record;
    const at = new Date(createdAt);
    const first = firstSavedAt(located.record);
    const saved: LogEntry = { event: "saved", name, version, at, size, ...byOf(located.record) };
    const entries: LogEntry[] = [saved];
    const past = { name, version };
    for (const { deletedAt, restoredAt, deletedBy, restoredBy } of restored) {
      const [deleted, undone] = [byOf({ by: deletedBy }), byOf({ by: restoredBy })];
      entries.push({ event: "deleted", ...past, at: new Date(deletedAt), ...deleted });
      entries.push({ event: "restored", ...past, at: new Date(restoredAt), ...undone });
    }
    entries.at(-1)!.commit = commit; // of the newest event
    if (first !== undefined && first < at) {
      entries.push({ event: "saved", name, version, at: first });
    }
    return entries;
  } catch (error) {
    if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
    return [{ event: "saved", name, version: canonical, at: new Date(head.modifiedAt) }];
  }
}

async function readDeletion(
  context: Context,
  name: string,
  { version: { canonical: version }, head }: VersionHead,
  signal?: AbortSignal,
): Promise<LogEntry[]> {
  const record = (await readRecord(context, head.key, signal))?.record;
  if (record?.kind !== "deleted") return []; // removed meanwhile
  const { deletedAt, savedAt } = deletionOf(record);
  const entry: LogEntry = { event: "deleted", name, version, at: deletedAt, ...byOf(record) };
  return savedAt === undefined ? [entry] : [entry, { event: "saved", name, version, at: savedAt }];
}

async function readChange(
  context: Context,
  { name, alias, key }: { name: string; alias: string; key: string },
  signal?: AbortSignal,
): Promise<LogEntry[]> {
  const record = (await readRecord(context, key, signal))?.record;
  if (record === undefined) return []; // removed meanwhile
  const { createdAt, commit } = record;
  const change = { name, alias, at: new Date(createdAt), ...byOf(record), commit };
  if (record.kind !== "alias") return [{ event: "unaliased", ...change }];
  return [{ event: "aliased", version: record.version, ...change }];
}

function byOf(record: Pick<AnyRecord, "by">): Pick<LogEntry, "by"> {
  const by = authorOf(record);
  return by === undefined ? {} : { by };
}

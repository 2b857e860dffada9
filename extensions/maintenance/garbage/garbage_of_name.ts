// Collects the garbage of one name. Lists payloads first, then records, and reads every record
// before anything of the name is removed.
import { forEachAtOnce, isRegistryError, unavailable } from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import type { Head } from "../../../registry/extending.ts";
import { encodeRecord, LAYOUT, TOMBSTONE_BYTES } from "../../../registry/records.ts";
import { type Collection, type GarbageItem, type Moment, otherMark } from "./collection.ts";
import { checkLists } from "./check_lists.ts";
import { forgetName } from "./forget_name.ts";
import type { Cell, Folder, KnownRecord, KnownRecords } from "./known.ts";
import { listCells, listFolders } from "./known.ts";
import {
  encodeBuried,
  neededObjects,
  readRecords,
  readRemains,
  readTimes,
  releasedObjects,
} from "./known_records.ts";
import { MIN_RECORDS, openNote } from "./note.ts";
import { encodeFolder, ReferredObjects, RELEASED } from "./referred.ts";
import { foundBefore, isOfDraft } from "./second_run.ts";

export async function collectName(collection: Collection, name: string): Promise<void> {
  const begun = collection.moment();
  const folders = await listFolders(collection, name);
  const cells = await listCells(collection, name);
  const heads = cells.flatMap(({ generations }) => generations);
  checkAlone(collection, heads);
  collection.measure?.listed(name, folders, cells);
  const hasDrafts = [...folders.keys()].some(isOfDraft);
  // The payload of a draft names no version: only the note knows its record once its key is gone.
  const least = hasDrafts && collection.context.settings.versioned ? MIN_RECORDS : 0;
  const note = await openNote(collection, name, Math.max(heads.length, least));
  const records = await readRecords(collection, heads, note);
  collection.measure?.known({ name, cells, records });
  const { drafts } = collection;
  if (
    folders.size === 0 && !drafts.names.has(name) &&
    await forgetName(collection, { name, cells, records })
  ) return collection.leaveOpen();
  const referred = new ReferredObjects();
  const { needed, released } = drafts.placesOf(name);
  for (const place of released) referred.add(encodeFolder(place), RELEASED);
  for (const place of needed) referred.add(encodeFolder(place), Infinity);
  const plan: Plan = { referred, keys: [], replaced: [], firsts: [], damage: [] };
  for (const cell of cells) await sortCell(collection, cell, records, plan);
  for (const error of plan.damage) collection.fail(error.key ?? name, error);
  // A list that cannot be read may name any object of the name, so all of them stay.
  const isKnown = plan.damage.length === 0;
  const { unneeded, unexplained: strange } = isKnown
    ? sortPayload(collection, folders, plan)
    : { unneeded: [], unexplained: [] };
  const { confirmed, unexplained } = hasDrafts
    ? await foundBefore(collection, note, strange)
    : { confirmed: [], unexplained: new Map<string, number>() };
  const going = { unneeded, unexplained: strange };
  await checkLists(collection, { name, cells, records, note }, going);
  if (mayChange(plan, heads, records) || unexplained.size > 0) collection.leaveOpen();
  const gone = await removeReplaced(collection, plan, records);
  await removePayload(collection, name, { items: [...unneeded, ...confirmed], begun });
  await note.save(heads.filter(({ key }) => !gone.has(key)), { records, unexplained });
}

interface Plan {
  referred: ReferredObjects;
  keys: Head[];
  replaced: { head: Head; why: string }[];
  /** First generations that lose their content. A tombstone replaces them if it is `under` one. */
  firsts: { head: Head; under?: Head }[];
  /** Lists of files that versions need and that cannot be read. */
  damage: RegistryError[];
}

/**
 * Returns true if another run may find more without a new record: this one changes records of
 * versions, another collector removed some, or some may expire.
 */
function mayChange(
  { replaced, firsts }: Plan,
  heads: readonly Head[],
  records: KnownRecords,
): boolean {
  return replaced.length + firsts.length > 0 ||
    heads.some(({ key }) => records.get(key) === undefined || records.get(key)?.late !== undefined);
}

const REPLACED = "replaced longer ago than the grace period";

async function sortCell(
  collection: Collection,
  cell: Cell,
  records: KnownRecords,
  plan: Plan,
): Promise<void> {
  if (cell.kind === "alias" || cell.kind === "note") return; // older generations are its history
  if (cell.kind === "version") return await sortVersion(collection, cell, records, plan);
  const { generations } = cell;
  if (generations.every(({ modifiedAt }) => collection.isForgettable(modifiedAt))) {
    plan.keys.push(...generations.toReversed());
    return;
  }
  generations.forEach((head, place) => {
    const above = generations[place - 1];
    if (above !== undefined && head.generation > 1 && collection.isOld(above.modifiedAt)) {
      plan.replaced.push({ head, why: REPLACED });
    }
  });
}

async function sortVersion(
  collection: Collection,
  cell: Cell,
  records: KnownRecords,
  plan: Plan,
): Promise<void> {
  const { context, signal } = collection;
  const { generations } = cell;
  const recordOf = generations.map(({ key }) => records.get(key));
  const isStable = recordOf[0] !== undefined; // otherwise another collector removed the listed head
  for (const { key } of generations) { // down to the one that readers see, which has not expired
    const { late, damage } = records.get(key) ?? {};
    if (late === undefined || damage !== undefined) break;
    if (!await context.isVoid(late, signal)) break;
    collection.foundVoid(key);
  }
  const ends = endsForGood(collection, cell, records);
  // A record that landed late replaces nothing: records below it may be, or have been, valid, and
  // another collector may have listed the cell before it landed.
  let replacedAt = Infinity;
  generations.forEach((head, place) => {
    const above = generations[place - 1];
    if (above !== undefined && recordOf[place - 1]?.late === undefined) {
      replacedAt = above.modifiedAt;
    }
    if (!isStable || !collection.isOld(replacedAt)) {
      const until = isStable ? replacedAt + collection.graceMs : Infinity;
      const needed = neededObjects(context, head.key, recordOf[place]);
      if (isRegistryError(needed)) plan.damage.push(needed);
      else for (const objects of needed) plan.referred.add(objects, until);
      if (until < Infinity) reportWaiting(collection, head, recordOf[place], until);
      return;
    }
    for (const objects of releasedObjects(recordOf[place])) plan.referred.add(objects, RELEASED);
    if (head.generation > 1) plan.replaced.push({ head, why: REPLACED });
    else if (recordOf[place]?.kind === "version" || ends) {
      plan.firsts.push({ head, under: ends ? generations[0] : undefined });
    }
  });
  const [head, first] = generations;
  const isBuried = ends && first !== undefined && records.get(first.key)?.kind === "deleted";
  if (isBuried && collection.isOld(first.modifiedAt)) {
    plan.replaced.push({ head, why: "the first record of its cell is a tombstone too" });
  }
}

/**
 * Returns true for a first generation and its deletion, in a registry where nothing is written
 * above a deletion: one tombstone is enough. Elsewhere its key could be created twice, and a late
 * delete of the first object would remove the second.
 */
function endsForGood(
  { context }: Collection,
  { generations }: Cell,
  records: KnownRecords,
): boolean {
  const [head, first] = generations;
  return !context.settings.mutable && generations.length === 2 && first?.generation === 1 &&
    head.generation === 2 &&
    records.get(head.key)?.kind === "deleted";
}

/** Removes records or their content. Returns the keys of changed records. */
async function removeReplaced(
  collection: Collection,
  plan: Plan,
  records: KnownRecords,
): Promise<Set<string>> {
  const firsts: { head: Head; bytes: Uint8Array }[] = [];
  await forEachAtOnce(plan.firsts, async ({ head, under }) => {
    const remains = await readRemains(collection, head.key, records.get(head.key));
    if (remains === undefined) return;
    const times = under && await readTimes(collection, under.key, records.get(under.key));
    if (under === undefined) firsts.push({ head, bytes: encodeRecord(remains) });
    else if (times !== undefined && remains.digest !== undefined) {
      firsts.push({ head, bytes: encodeBuried(remains, times) });
    }
  });
  // First: names() takes a whole first generation for the head if there is no second one.
  let isWhole = false;
  await forEachAtOnce(firsts, async ({ head: { key, size }, bytes }) => {
    const freed = Math.max(0, size - bytes.byteLength);
    const item = { what: "scrubbed", key, size: freed, why: REPLACED } as const;
    isWhole = !await collection.replace(item, bytes) || isWhole;
  });
  const replaced = isWhole ? [] : plan.replaced; // the next run removes them
  await collection.remove(
    replaced.map(({ head: { key, size }, why }) => ({ what: "generation", key, size, why })),
  );
  const why = "idempotency key that was last used longer ago than keys are remembered";
  const isAlone = plan.keys.length > 0 && await otherMark(collection) === undefined &&
    !collection.isLate();
  const keys = isAlone ? plan.keys : []; // the next look removes them
  await collection.remove(keys.map(({ key, size }) => ({ what: "key", key, size, why })));
  return new Set(
    [...replaced, ...firsts].map(({ head }) => head.key).concat(keys.map(({ key }) => key)),
  );
}

/**
 * Throws `Unavailable` for a name with recent payload, in a run that ignores ages. Call it before
 * the run removes payload: deleting one hard link of a file changes the times of the others.
 */
export async function checkNobodyUploads(collection: Collection, name: string): Promise<void> {
  const folders = await listFolders(collection, name);
  checkAlone(collection, [...folders.values()].flatMap(({ objects }) => objects));
}

/** Throws if a run that ignores ages finds a concurrent writer, who would lose data. */
function checkAlone(
  collection: Collection,
  objects: readonly Pick<Head, "key" | "modifiedAt">[],
): void {
  if (collection.graceMs > 0) return;
  const written = objects.find(({ modifiedAt }) => !collection.isOld(modifiedAt));
  if (written === undefined) return;
  const state = `"${written.key}" was written after the run began`;
  const hint = "Stop all writers and try again, or collect garbage without `now`.";
  throw unavailable("collect garbage", undefined, state, { hint, key: written.key });
}

function reportWaiting(
  collection: Collection,
  { key, size, generation }: Head,
  known: KnownRecord | undefined,
  until: number,
): void {
  const why = "replaced within the grace period";
  if (generation > 1) collection.waits([{ what: "generation", key, size, why }], until);
  else if (known?.kind === "version") {
    const freed = Math.max(0, size - TOMBSTONE_BYTES);
    collection.waits([{ what: "scrubbed", key, size: freed, why }], until);
  }
}

interface SortedPayload {
  /** Payload that no version and no draft needs. */
  unneeded: GarbageItem[];
  /** Payload of drafts that no record or draft, of now or of before, is known to refer to. */
  unexplained: GarbageItem[];
}

/** Returns the payload objects that nothing needs, and reports those that will not be needed. */
function sortPayload(
  collection: Collection,
  folders: ReadonlyMap<string, Folder>,
  { referred }: Plan,
): SortedPayload {
  const unneeded: GarbageItem[] = [], unexplained: GarbageItem[] = [];
  for (const [place, { objects, newest }] of folders) {
    const neededUntil = referred.of(place);
    const numbered = objects.map((object) => ({
      object,
      until: neededUntil(Number(object.key.slice(object.key.lastIndexOf("/") + 1))),
    }));
    const untils = numbered.map(({ until = RELEASED }) => until);
    const lastUntil = untils.reduce((last, until) => Math.max(last, until), RELEASED);
    const isExplained = !isOfDraft(place) || numbered.some(({ until }) => until !== undefined);
    for (const { object: { key, size }, until: own } of numbered) {
      // the mark of a long upload goes with the last object
      const until = key.endsWith(LAYOUT.ALIVE) && lastUntil > RELEASED ? lastUntil : own;
      const item = { what: "payload", key, size } as const;
      const waitsUntil = Math.max(until ?? RELEASED, newest + collection.graceMs);
      if ((until ?? RELEASED) === RELEASED && collection.isOld(newest)) {
        (isExplained ? unneeded : unexplained).push({ ...item, why: "no version refers to it" });
      } else if (waitsUntil < Infinity) {
        const why = until === undefined
          ? "no version refers to it, unless a save is in progress"
          : "versions that refer to it were replaced or deleted";
        collection.waits([{ ...item, why }], waitsUntil);
      }
    }
  }
  return { unneeded, unexplained };
}

const BATCH = 1000;

/**
 * Removes payload, `.alive` marks last, while what was listed is recent: a record that landed late
 * since then may refer to it, and then readers and repeats of its save have seen it.
 */
async function removePayload(
  collection: Collection,
  name: string,
  { items, begun }: { items: readonly GarbageItem[]; begun: Moment },
): Promise<void> {
  const isMark = ({ key }: GarbageItem) => key.endsWith(LAYOUT.ALIVE);
  for (const part of [items.filter((item) => !isMark(item)), items.filter(isMark)]) {
    for (let at = 0; at < part.length; at += BATCH) {
      if (collection.isLate(begun)) {
        const message = `Cannot collect garbage of "${
          LAYOUT.decodeName(name)
        }": its lists are too old now`;
        return collection.fail(name, { message });
      }
      await collection.remove(part.slice(at, at + BATCH));
    }
  }
}

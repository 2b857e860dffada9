// The janitor's work on one name: its payloads are listed first, then its records, every one of
// which is known before anything of the name is removed.
import type { ObjectInfo } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import { encodeRecord, TOMBSTONE_BYTES } from "../format/record_codec.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import type { Generation } from "../cell/heads.ts";
import { isVoid } from "../cell/voids.ts";
import { ALIVE } from "../format/layout.ts";
import { type Collection, type GarbageItem, otherMark } from "./collection.ts";
import { forgetName } from "./garbage/forget_name.ts";
import {
  encodeBuried,
  neededPlaces,
  readRecords,
  readRemains,
  readTimes,
} from "./garbage/known_records.ts";
import type { Cell, Folder, KnownRecord, KnownRecords } from "./garbage/known.ts";
import { listCells, listFolders } from "./garbage/known.ts";
import { openNote } from "./garbage/note.ts";

export async function collectName(collection: Collection, name: string): Promise<void> {
  const folders = await listFolders(collection, name);
  const cells = await listCells(collection, name);
  const heads = cells.flatMap(({ generations }) => generations);
  checkAlone(collection, heads);
  collection.measure?.listed(name, folders, cells);
  const note = await openNote(collection, name, heads.length);
  const records = await readRecords(collection, heads, note);
  collection.measure?.known({ name, cells, records });
  const { drafts } = collection;
  if (
    folders.size === 0 && !drafts.names.has(name) &&
    await forgetName(collection, { name, cells, records })
  ) return;
  const referred = new Map(drafts.placesOf(name).map((place) => [place, Infinity]));
  const plan: Plan = { referred, keys: [], replaced: [], firsts: [] };
  for (const cell of cells) await sortCell(collection, cell, records, plan);
  const gone = await removeReplaced(collection, plan, records);
  const unneeded = [...folders].filter(([place, { newest }]) =>
    collection.isOld(newest) && !plan.referred.has(place)
  );
  await removeFolders(collection, unneeded.map(([, folder]) => folder));
  tellFolders(collection, folders, plan);
  await note.save(heads.filter(({ key }) => !gone.has(key)), records);
}

interface Plan {
  /** Places of payload that is needed, and until when: milliseconds of the store's clock, or for ever. */
  referred: Map<string, number>;
  keys: Generation[];
  replaced: { head: Generation; why: string }[];
  /** First generations that lose their content, so that their number stays used; `under` this tombstone, if it replaces it. */
  firsts: { head: Generation; under?: Generation }[];
}

const REPLACED = "replaced longer ago than the grace";

async function sortCell(
  collection: Collection,
  cell: Cell,
  records: KnownRecords,
  plan: Plan,
): Promise<void> {
  if (cell.kind === "alias") return; // its generations are its history
  if (cell.kind === "version") return await sortVersion(collection, cell, records, plan);
  const { generations } = cell;
  if (generations.every(({ modifiedAt }) => collection.isForgettable(modifiedAt))) {
    plan.keys.push(...generations.toReversed());
    return;
  }
  generations.forEach((head, place) => {
    const isBetween = place > 0 && head.generation > 1;
    if (isBetween && collection.isOld(generations[place - 1].modifiedAt)) {
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
  const found = generations.map(({ key }) => records.get(key));
  const isSettled = found[0] !== undefined; // else the head has gone since it was listed: another janitor is ahead
  let counting = 0; // the newest generation that is not void: what readers see
  for (
    ;
    found[counting]?.late !== undefined && await isVoid(context, found[counting]!.late!, signal);
    counting++
  ) {
    collection.foundVoid(generations[counting].key);
  }
  const ends = endsForGood(collection, cell, records);
  // By the nearest above that did not land late: under one that did, what is below may count, or have counted, and
  // another janitor may have listed before that landed.
  let replacedAt = Infinity;
  generations.forEach((head, place) => {
    if (place > 0 && found[place - 1]?.late === undefined) {
      replacedAt = generations[place - 1].modifiedAt;
    }
    if (!isSettled || !collection.isOld(replacedAt)) {
      const until = isSettled ? replacedAt + collection.graceMs : Infinity;
      for (const payload of neededPlaces(context, head.key, found[place])) {
        plan.referred.set(payload, Math.max(plan.referred.get(payload) ?? 0, until));
      }
      if (until < Infinity) tellRecord(collection, head, found[place], until);
    } else if (head.generation > 1) plan.replaced.push({ head, why: REPLACED });
    else if (found[place]?.kind === "version" || ends) {
      plan.firsts.push({ head, under: ends ? generations[0] : undefined });
    }
  });
  const [head, first] = generations;
  if (!ends || records.get(first.key)?.kind !== "deleted" || !collection.isOld(first.modifiedAt)) {
    return;
  }
  plan.replaced.push({ head, why: "the first record of its cell says the same" });
}

/**
 * Whether a cell holds a first generation and the deletion of it, where nobody writes above a deletion: then one
 * tombstone is enough. Elsewhere a number would be created twice, and what removes it the first time may come late.
 */
function endsForGood(
  { context }: Collection,
  { generations }: Cell,
  records: KnownRecords,
): boolean {
  const [head, first] = generations;
  return !context.settings.mutable && generations.length === 2 && first.generation === 1 &&
    head.generation === 2 &&
    records.get(head.key)?.kind === "deleted";
}

/** Removes records, or what is in them. Returns the keys of those that are not what they were. */
async function removeReplaced(
  collection: Collection,
  plan: Plan,
  records: KnownRecords,
): Promise<Set<string>> {
  const firsts: { head: Generation; bytes: Uint8Array }[] = [];
  await forEachAtOnce(plan.firsts, async ({ head, under }) => {
    const remains = await readRemains(collection, head.key, records.get(head.key));
    if (remains === undefined) return;
    const times = under && await readTimes(collection, under.key, records.get(under.key));
    if (under === undefined) firsts.push({ head, bytes: encodeRecord(remains) });
    else if (times !== undefined && remains.digest !== undefined) {
      firsts.push({ head, bytes: encodeBuried(remains, times) });
    }
  });
  await collection.remove(
    plan.replaced.map(({ head: { key, size }, why }) => ({ what: "generation", key, size, why })),
  );
  await forEachAtOnce(firsts, async ({ head: { key, size }, bytes }) => {
    const freed = Math.max(0, size - bytes.byteLength);
    await collection.replace({ what: "scrubbed", key, size: freed, why: REPLACED }, bytes);
  });
  const why = "an idempotency key that was last used longer ago than keys are remembered";
  const isAlone = plan.keys.length > 0 && await otherMark(collection) === undefined &&
    !collection.isLate();
  const keys = isAlone ? plan.keys : []; // else the next run removes them
  await collection.remove(keys.map(({ key, size }) => ({ what: "key", key, size, why })));
  return new Set(
    [...plan.replaced, ...firsts].map(({ head }) => head.key).concat(keys.map(({ key }) => key)),
  );
}

/**
 * Where a run takes no account of ages, throws `Unavailable` for a name into whose payload somebody writes. To be asked
 * before the run removes any: where a copy is one more name of a file, removing the one changes the time of the other.
 */
export async function checkNobodyUploads(collection: Collection, name: string): Promise<void> {
  const folders = await listFolders(collection, name);
  checkAlone(collection, [...folders.values()].flatMap(({ objects }) => objects));
}

/** Where a run takes no account of ages, whoever writes beside it would lose what it is about to commit. */
function checkAlone(
  collection: Collection,
  objects: readonly Pick<ObjectInfo, "key" | "modifiedAt">[],
): void {
  if (collection.graceMs > 0) return;
  const written = objects.find(({ modifiedAt }) => !collection.isOld(modifiedAt));
  if (written === undefined) return;
  throw fault({
    code: "Unavailable",
    action: "remove what nobody needs of a name",
    state: `"${written.key}" was written since this began`,
    hint:
      "Somebody else writes to the registry. Wait for them, or collect without `now`, which disturbs nobody.",
    key: written.key,
  });
}

function tellRecord(
  collection: Collection,
  { key, size, generation }: Generation,
  known: KnownRecord | undefined,
  until: number,
): void {
  const why = "replaced, and the grace has not passed";
  if (generation > 1) collection.waits([{ what: "generation", key, size, why }], until);
  else if (known?.kind === "version") {
    collection.waits(
      [{ what: "scrubbed", key, size: Math.max(0, size - TOMBSTONE_BYTES), why }],
      until,
    );
  }
}

function tellFolders(
  collection: Collection,
  folders: ReadonlyMap<string, Folder>,
  { referred }: Plan,
): void {
  for (const [place, { objects, newest }] of folders) {
    const neededUntil = referred.get(place);
    const until = Math.max(neededUntil ?? 0, newest + collection.graceMs);
    if (until === Infinity || (neededUntil === undefined && collection.isOld(newest))) continue;
    const why = neededUntil === undefined
      ? "no version refers to it, unless a save is under way"
      : "what refers to it was replaced or deleted";
    collection.waits(objects.map(({ key, size }) => ({ what: "payload", key, size, why })), until);
  }
}

/** Removes payload folders; what shows that they are some goes last. */
async function removeFolders(collection: Collection, folders: Folder[]): Promise<void> {
  const items = folders.flatMap(({ objects }) => objects).map(({ key, size }): GarbageItem => (
    { what: "payload", key, size, why: "no version refers to it" }
  ));
  const isMark = ({ key }: GarbageItem) => key.endsWith(ALIVE);
  await collection.remove(items.filter((item) => !isMark(item)));
  await collection.remove(items.filter(isMark));
}

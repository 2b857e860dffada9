/**
 * The janitor's work on one name: its payloads are listed first, then its records, every one of which is read
 * before anything of the name is removed.
 *
 * @module
 */
import { isPrefix } from "../../core/backend.ts";
import type { ObjectInfo } from "../../core/backend.ts";
import { RegistryError } from "../../core/errors.ts";
import { encodeRecord } from "../../core/record.ts";
import type { VersionRecord } from "../../core/record.ts";
import type { Context } from "../context.ts";
import { asGeneration, readRecord } from "../cell/heads.ts";
import type { FoundRecord, Generation as Head } from "../cell/heads.ts";
import { ALIVE, cellOf, encodePlace, NAMES, OBJECTS, parsePayloadKey } from "../layout.ts";
import { objectsOf, withFiles } from "../payload/objects.ts";
import { isVoid, mayBecomeVoid } from "../cell/voids.ts";
import { forEachAtOnce } from "../at_once.ts";
import type { Collection, GarbageItem } from "./collection.ts";

/** A payload folder: what is in it, and when something was last written there. */
interface Folder {
  objects: ObjectInfo[];
  newest: number;
}

/** A cell: its generations, newest first. */
type Cell = Head[];

/** Removes what nobody needs of one name (given as its encoded segment). */
export async function collectName(collection: Collection, name: string): Promise<void> {
  const folders = await listFolders(collection, `${OBJECTS}${name}/`);
  const cells = await listCells(collection, `${NAMES}${name}/`);
  const records = await readRecords(collection, cells);
  const referred = new Set<string>();
  const replaced: Head[] = [];
  for (const cell of cells) await sortCell(collection, cell, { records, referred, replaced });
  await removeReplaced(collection, replaced, records);
  const unneeded = [...folders].filter(([place, { newest }]) => collection.isOld(newest) && !referred.has(place));
  await removeFolders(collection, unneeded.map(([, folder]) => folder));
}

async function listFolders({ context, signal }: Collection, prefix: string): Promise<Map<string, Folder>> {
  const folders = new Map<string, Folder>();
  for await (const entry of context.backend.list(prefix, { signal })) {
    const key = isPrefix(entry) ? undefined : parsePayloadKey(entry.key);
    if (isPrefix(entry) || key === undefined) continue; // not ours: left alone
    const place = encodePlace(key);
    const folder = folders.get(place) ?? { objects: [], newest: 0 };
    folder.objects.push(entry);
    folder.newest = Math.max(folder.newest, entry.modifiedAt);
    folders.set(place, folder);
  }
  return folders;
}

async function listCells({ context, signal }: Collection, prefix: string): Promise<Cell[]> {
  const cells = new Map<string, Cell>();
  for await (const entry of context.backend.list(prefix, { signal })) {
    const head = isPrefix(entry) ? undefined : asGeneration(entry);
    if (head === undefined) continue;
    const cell = cellOf(head.key);
    const generations = cells.get(cell);
    if (generations === undefined) cells.set(cell, [head]);
    else generations.push(head);
  }
  return [...cells.values()];
}

/** What is kept in memory of a record. */
interface KnownRecord {
  /** The record without its content, and without its files where their list is long. */
  found: FoundRecord;
  /** Places of the payload that it refers to; absent where the list of its files is missing. */
  places?: Set<string>;
}

/** Reads every record. A damaged one throws: what it refers to is not known. */
async function readRecords(collection: Collection, cells: Cell[]): Promise<Map<string, KnownRecord>> {
  const { context, signal } = collection;
  const records = new Map<string, KnownRecord>();
  await forEachAtOnce(cells.flat(), async (head) => { // tombstones too: it may be a damaged record that has their size
    const found = await readRecord(context, head.key, signal);
    if (found === undefined) return; // another janitor was faster
    const { record, info } = found;
    const whole = record.kind === "version" ? await withFiles(context, record, signal) : record;
    const places = whole && new Set(objectsOf(context, whole).map(([place]) => place));
    records.set(head.key, { found: { record, info, inline: NOTHING }, places });
  });
  return records;
}

const NOTHING = new Uint8Array();

interface Sorting {
  records: Map<string, KnownRecord>;
  /** Places of payload that is needed. */
  referred: Set<string>;
  /** Generations that are not. */
  replaced: Head[];
}

/** Tells which generations of a cell are needed. */
async function sortCell(collection: Collection, cell: Cell, sorting: Sorting): Promise<void> {
  const { context, signal } = collection;
  const { records, referred, replaced } = sorting;
  const known = cell.map(({ key }) => records.get(key));
  const found = known.map((record) => record?.found);
  let counting = 0; // the newest generation that is not void: what readers see
  for (; found[counting] !== undefined && await isVoid(context, found[counting]!, signal); counting++) {
    collection.foundVoid(cell[counting].key);
  }
  let kept = counting; // another janitor may have listed before a late record landed: below it all stays until it is covered
  while (found[kept] !== undefined && mayBecomeVoid(context, found[kept]!)) kept++;
  cell.forEach((head, place) => {
    if (place > kept && collection.isOld(cell[place - 1].modifiedAt)) {
      replaced.push(head);
      return;
    }
    for (const payload of neededPlaces(context, known[place])) referred.add(payload);
  });
}

/** What a needed record refers to must be known before anything of its name goes, unless the record does not count. */
function neededPlaces(context: Context, known: KnownRecord | undefined): Iterable<string> {
  if (known === undefined) return [];
  const { found, places } = known;
  if (places !== undefined) return places;
  if (mayBecomeVoid(context, found)) return objectsOf(context, found.record).map(([place]) => place);
  throw new RegistryError({
    code: "Corrupt",
    message: `Cannot read record "${found.info.key}": the list of its files is missing`,
    hint:
      "Something else deleted it. Restore the object from a copy, or save the value again with base: null, which shares nothing with it.",
    key: found.info.key,
  });
}

async function removeReplaced(
  collection: Collection,
  replaced: Head[],
  records: Map<string, KnownRecord>,
): Promise<void> {
  const why = "replaced longer ago than the grace";
  const stays = ({ generation }: Head) => generation === 1; // so that its number stays used
  const gone = replaced.filter((head) => !stays(head));
  await collection.remove(gone.map(({ key, size }) => ({ what: "generation", key, size, why })));
  await forEachAtOnce(replaced.filter(stays), async ({ key, size }) => {
    const found = records.get(key)?.found;
    if (found?.record.kind !== "version") return;
    const header = scrubbedRecord(found.record);
    await collection.replace({ what: "scrubbed", key, size: size - header.byteLength, why }, header);
  });
}

function scrubbedRecord(record: VersionRecord): Uint8Array {
  const { format, generation, commit, previous, startedAt, createdAt, digest, origin } = record;
  return encodeRecord({
    format,
    generation,
    commit,
    ...(previous === undefined ? {} : { previous }),
    startedAt,
    createdAt,
    kind: "scrubbed",
    digest,
    ...(origin === undefined ? {} : { origin }),
  });
}

/** Removes payload folders; what shows that they are some goes last. */
async function removeFolders(collection: Collection, folders: Folder[]): Promise<void> {
  const items = folders.flatMap(({ objects }) => objects).map(({ key, size }): GarbageItem => (
    { what: "payload", key, size, why: "no version refers to it" }
  ));
  const isAlive = ({ key }: GarbageItem) => key.endsWith(`/${ALIVE}`);
  await collection.remove(items.filter((item) => !isAlive(item)));
  await collection.remove(items.filter(isAlive));
}

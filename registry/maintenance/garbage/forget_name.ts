// Forgetting a name that was deleted long ago. Its numbers are free again afterwards, so it is done
// only where it is asked for: nobody may save under such a name while it runs.
import { decodeName } from "../../../core/naming/names.ts";
import type { Generation } from "../../cell/heads.ts";
import { type Collection, otherMark } from "../collection.ts";
import { encodeBuried, readRemains, readTimes } from "./known_records.ts";
import { type Cell, type KnownName, type KnownRecords, listCells } from "./known.ts";

/**
 * Removes all records of a name that has no payload, no version alive, and nothing that is younger than what is
 * remembered. False where it is not such a name.
 *
 * Every step leaves each cell dead or gone, whatever it is stopped at: a tombstone is in the place of every first
 * generation before anything above it goes, and it goes alone, with one delete. Aliases and keys outlive the versions.
 */
export async function forgetName(collection: Collection, known: KnownName): Promise<boolean> {
  const { name, cells, records } = known;
  if (
    !collection.forget || cells.length === 0 ||
    !cells.every((cell) => mayGo(collection, cell, records))
  ) {
    return false;
  }
  const other = await otherMark(collection);
  if (other !== undefined) {
    collection.fail(
      other,
      `Cannot forget "${decodeName(name)}": another collector may be under way, this is its mark`,
    );
    return false;
  }
  if (!await buryFirsts(collection, versionsOf(cells), records)) return true;
  const listing = collection.dryRun ? cells : await listCells(collection, name);
  if (collection.isLate() || !isSame(cells, listing)) return true; // somebody uses it again
  for (const stage of [versionsOf(cells), cells.filter(({ kind }) => kind !== "version")]) {
    const heads = stage.map(({ generations: [head] }) => head);
    const isFirst = ({ generation }: Generation) => generation === 1;
    const older = stage.flatMap(({ generations }) => generations.slice(1));
    const steps = [older.filter((head) => !isFirst(head)), heads.filter((head) => !isFirst(head))];
    for (const step of [...steps, [...older, ...heads].filter(isFirst)]) {
      if (collection.isLate() || !await removeAll(collection, step)) return true;
    }
    if (!collection.dryRun && versionsOf(await listCells(collection, name)).length > 0) return true;
  }
  return true;
}

function mayGo(
  collection: Collection,
  { kind, generations }: Cell,
  records: KnownRecords,
): boolean {
  if (!generations.every(({ modifiedAt }) => collection.isForgettable(modifiedAt))) return false;
  return kind !== "version" || records.get(generations[0].key)?.kind === "deleted";
}

async function buryFirsts(
  collection: Collection,
  cells: readonly Cell[],
  records: KnownRecords,
): Promise<boolean> {
  for (const { generations } of cells) {
    const { key, generation } = generations.at(-1)!;
    const record = records.get(key);
    if (generation !== 1 || record?.kind === "deleted") continue;
    const remains = await readRemains(collection, key, record);
    const times = await readTimes(collection, generations[0].key, records.get(generations[0].key));
    if (remains === undefined || times === undefined || collection.isLate()) return false;
    const item = { what: "scrubbed", key, size: 0, why: WHY } as const; // its bytes are counted when it goes
    if (!await collection.replace(item, encodeBuried(remains, times))) return false;
  }
  return true;
}

const WHY = "all of its name was deleted longer ago than names are remembered";

async function removeAll(collection: Collection, heads: readonly Generation[]): Promise<boolean> {
  return await collection.remove(
    heads.map(({ key, size }) => ({ what: "name", key, size, why: WHY })),
  );
}

function versionsOf(cells: readonly Cell[]): Cell[] {
  return cells.filter(({ kind }) => kind === "version");
}

function isSame(a: readonly Cell[], b: readonly Cell[]): boolean {
  const keys = (cells: readonly Cell[]) =>
    cells.flatMap(({ generations }) => generations.map(({ key }) => key)).join();
  return keys(a) === keys(b);
}

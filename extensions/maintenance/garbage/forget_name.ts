// Forgets names that were deleted long ago. Their version numbers are free again afterwards, so it
// must be requested: nothing may save under such a name meanwhile.
import { itemAt } from "../../../core/kernel.ts";
import type { Head } from "../../../registry/extending.ts";
import { LAYOUT } from "../../../registry/records.ts";
import { type Collection, otherMark } from "./collection.ts";
import { checkAbsent, keysAbove } from "./check_lists.ts";
import { encodeBuried, readRemains, readTimes } from "./known_records.ts";
import { type Cell, type KnownName, type KnownRecords, listCells } from "./known.ts";

/**
 * Removes all records of a name without payload, live versions, or anything young enough to be
 * remembered. Returns false for other names.
 *
 * Every step leaves each cell deleted or absent, even if it is interrupted: a tombstone replaces
 * each first generation before anything above it is removed, and is removed last, by one delete.
 * Aliases and keys outlive the versions.
 */
export async function forgetName(collection: Collection, known: KnownName): Promise<boolean> {
  const { name, cells, records } = known;
  if (
    !collection.forget || cells.length === 0 ||
    !cells.every((cell) => mayGo(collection, cell, records))
  ) {
    return false;
  }
  if (collection.isLate()) {
    collection.failAsLate();
    return false;
  }
  const above = versionsOf(cells).flatMap((cell) => keysAbove(cell, records));
  await checkAbsent(collection, name, above);
  const other = await otherMark(collection);
  if (other !== undefined) {
    const why = other === collection.markKey
      ? "a list of the marks omits that of this run"
      : "another collector may be active, this is its mark";
    collection.fail(other, { message: `Cannot forget "${LAYOUT.decodeName(name)}": ${why}` });
    return false;
  }
  if (await buryFirsts(collection, versionsOf(cells), records)) {
    const listing = collection.dryRun ? cells : await listCells(collection, name);
    if (isSame(cells, listing)) await removeInStages(collection, known); // else it is in use
  }
  if (collection.isLate()) collection.failAsLate();
  return true;
}

/** Removes the versions, then the other cells. Ends early if the name is in use again. */
async function removeInStages(
  collection: Collection,
  { name, cells }: KnownName,
): Promise<void> {
  for (const stage of [versionsOf(cells), cells.filter(({ kind }) => kind !== "version")]) {
    const heads = stage.map(({ generations: [head] }) => head);
    const isFirst = ({ generation }: Head) => generation === 1;
    const older = stage.flatMap(({ generations }) => generations.slice(1));
    const steps = [older.filter((head) => !isFirst(head)), heads.filter((head) => !isFirst(head))];
    for (const step of [...steps, [...older, ...heads].filter(isFirst)]) {
      if (collection.isLate() || !await removeAll(collection, step)) return;
    }
    if (!collection.dryRun && versionsOf(await listCells(collection, name)).length > 0) return;
  }
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
    const { key, generation } = itemAt(generations, -1);
    const record = records.get(key);
    if (generation !== 1 || record?.kind === "deleted") continue;
    const remains = await readRemains(collection, key, record);
    const times = await readTimes(collection, generations[0].key, records.get(generations[0].key));
    if (remains === undefined || times === undefined || collection.isLate()) return false;
    const item = { what: "scrubbed", key, size: 0, why: WHY } as const; // bytes count at removal
    if (!await collection.replace(item, encodeBuried(remains, times))) return false;
  }
  return true;
}

const WHY = "its name was deleted so long ago that it is forgotten";

async function removeAll(collection: Collection, heads: readonly Head[]): Promise<boolean> {
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

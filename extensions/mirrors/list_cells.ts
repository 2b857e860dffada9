// Lists the cells of a name in both registries.
import { isPrefix, type ObjectInfo } from "../../backends/mod.ts";
import { inRange, inStep, itemAt } from "../../core/kernel.ts";
import { cellsIn } from "../../registry/extending.ts";
import { Fingerprint, headIn, LAYOUT, type Records } from "../../registry/records.ts";
import type { MirrorItem } from "./report.ts";
import { type CellPair, type MirrorCell, type MirrorRun, type NamePair, persist } from "./run.ts";

/** Fingerprints of the listings of a name in both registries. */
export type BothListings = Record<"source" | "target", Fingerprint>;

/** Creates fingerprints without idempotency keys: a mirror does not copy these. */
export function beginListings({ name, target }: NamePair): BothListings {
  return {
    source: new Fingerprint({ without: LAYOUT.keysFolder(name) }),
    target: new Fingerprint({ without: LAYOUT.keysFolder(target) }),
  };
}

/** Returns the same fingerprint as `beginListings`, of a whole listing of a name. */
export function fingerprintOfName(name: string, entries: readonly ObjectInfo[]): string {
  return Fingerprint.of(entries, { without: LAYOUT.keysFolder(name) });
}

/** The cells of one path, of which at least one exists. */
export interface ListedPair {
  source?: MirrorCell;
  targetCell?: MirrorCell;
}

/** Lists the cells of versions, aliases and notes in both registries, by path. */
export async function* listPairs(
  run: MirrorRun,
  { name, target }: NamePair,
  listings: BothListings,
): AsyncGenerator<ListedPair> {
  const sources = listCells(run, run.from, name, listings.source);
  const targets = listCells(run, run.to, target, listings.target);
  for await (const [source, targetCell] of inStep(sources, targets, comparePaths)) {
    yield { ...source && { source }, ...targetCell && { targetCell } };
  }
}

function comparePaths(a: MirrorCell, b: MirrorCell): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

async function* listCells(
  run: MirrorRun,
  context: Records,
  name: string,
  listing: Fingerprint,
): AsyncGenerator<MirrorCell> {
  let last: string | undefined;
  do {
    const { cells, entries } = await persist(
      run,
      () => listPart(context, name, last, run.signal),
    );
    last = cells.length < PART ? undefined : itemAt(cells, -1).cell;
    for (const entry of entries) {
      if (last === undefined || entry.key < LAYOUT.afterFolder(last)) listing.add(entry);
    }
    yield* cells;
  } while (last !== undefined);
}

const PART = 1_000;

interface Part {
  /** Fewer than {@linkcode PART} at the end. */
  cells: MirrorCell[];
  /** All that was listed, except most idempotency keys. */
  entries: ObjectInfo[];
}

/** Lists cells of versions, aliases and notes after the cell `start`. */
async function listPart(
  context: Records,
  name: string,
  start?: string,
  signal?: AbortSignal,
): Promise<Part> {
  const folder = LAYOUT.nameFolder(name);
  const cells: MirrorCell[] = [], entries: ObjectInfo[] = [];
  let after = start && LAYOUT.afterFolder(start);
  do {
    const from = after;
    after = undefined;
    for await (const entry of context.backend.list(folder, { after: from, signal })) {
      if (isPrefix(entry)) continue;
      entries.push(entry);
      const newest = cellIn(context, name, entry);
      if (newest === "key") {
        after = LAYOUT.afterFolder(LAYOUT.keysFolder(name)); // skip: there may be one for each version
        break;
      }
      if (newest === undefined || cells.at(-1)?.path === newest.path) continue;
      if (cells.length >= PART) return { cells, entries };
      cells.push(newest);
    }
  } while (after !== undefined);
  return { cells, entries };
}

/** Yields the cells of versions, aliases and notes among all objects of a name. */
export function* cellsAmong(
  context: Records,
  name: string,
  entries: readonly ObjectInfo[],
): Generator<MirrorCell> {
  for (const { head } of cellsIn(entries)) {
    const cell = cellIn(context, name, head);
    if (cell !== undefined && cell !== "key") yield cell;
  }
}

/** Returns the cell of a listed record, or that it is of an idempotency key. */
function cellIn(
  { settings }: Records,
  name: string,
  entry: ObjectInfo,
): MirrorCell | "key" | undefined {
  const head = headIn(entry);
  const key = head && LAYOUT.parseCellKey(head.key);
  if (head === undefined || key === undefined) return undefined;
  const { cell, kind, version, label: alias } = key;
  if (kind === "key") return kind;
  if (kind === "version" && cell !== LAYOUT.versionCell(name, version!, settings.versioned)) {
    return undefined;
  }
  const path = cell.slice(LAYOUT.nameFolder(name).length);
  return {
    cell,
    path,
    head,
    ...(kind === "alias" ? { alias } : { version, notes: kind === "note" }),
  };
}

/** Returns true for a cell of a version that the options do not leave out. */
export function isWanted(
  { range, deleted }: Pick<MirrorRun, "range" | "deleted">,
  { source: { version, head } }: Pick<CellPair, "source">,
): boolean {
  if (version === undefined || (head.dead && !deleted)) return false;
  return range === undefined || inRange(version, range);
}

/** Returns what a report calls a cell of the source. */
export function itemOf({ name, target, source }: NamePair & Pick<CellPair, "source">): Subject {
  const { version, alias, notes: annotations } = source;
  const of = version ? { version: version.canonical } : { alias };
  return { name, target, ...of, ...annotations && { annotations } };
}

type Subject = Omit<MirrorItem, "action">;

// Changes of an index: other versions of some names. Blocks without these names are taken over as
// they are; the others are written anew.
import { placeOf, placeOfName, type Row, type Run } from "./block.ts";
import type { BlockStore } from "./block_store.ts";
import type { Block } from "./stored_block.ts";
import { firstIndex } from "../../../core/text/first_index.ts";

/** Other versions of a name. */
export interface Change {
  readonly name: string;
  /** The new `print` of its run. @default as it was; empty for a new name */
  readonly print?: string;
  /** Versions in place of those between `after` and `until`. @default the versions stay */
  readonly rows?: readonly Row[];
  /** A version of which the ones behind it are replaced. @default all from the newest one */
  readonly after?: string;
  /** The last version that is replaced. @default the oldest one */
  readonly until?: string;
  /** The name is gone. @default false */
  readonly isGone?: boolean;
}

/** The versions of a name before those that a change has are gone: they must be read again. */
export class LostName extends Error {
  override readonly name = "LostName";
}

/** A block with less than this part of the largest size takes in the next one. */
const FEW = 1 / 8;
/** Blocks whose changes are made together. */
const TOGETHER = 8;
/** A block with more bytes is cut in two. */
const MOST_BYTES = 1024 * 1024;

/** Returns an index with changes, at most one of each name. */
export async function changeBlocks(
  store: BlockStore,
  blocks: readonly Block[],
  changes: readonly Change[],
): Promise<Block[]> {
  const sorted = changes.map((change) => ({ change, span: spanOf(change) }))
    .sort((a, b) => a.span.from < b.span.from ? -1 : 1);
  const changed: Block[] = [];
  const most = store.blockSize;
  let at = 0;
  for (let next = 0; next < sorted.length;) {
    const { from } = sorted[next]!.span;
    while (at + 1 < blocks.length && blocks[at]!.last < from && blocks[at + 1]!.first <= from) {
      changed.push(blocks[at++]!);
    }
    const runs: Run[] = [];
    const isBefore = (place: string) => at >= blocks.length || place < blocks[at]!.first;
    const take = async () => joinRuns(runs, await store.runs(blocks[at++]!));
    let count = 0;
    const isHere = (place: string) =>
      isBefore(place) && (count < TOGETHER * most || place <= endOf(runs));
    if (at < blocks.length) await take();
    do {
      count = countOf(runs);
      for (; next < sorted.length && isHere(sorted[next]!.span.from); next++) {
        const { change, span } = sorted[next]!;
        while (!isBefore(span.to) && blocks[at]!.first <= span.to) await take();
        changeRuns(runs, change);
        count += change.rows?.length ?? 0;
      }
      const isSmall = countOf(runs) < most * FEW;
      if (!isSmall || at >= blocks.length || blocks[at]!.count >= most) break;
      await take();
    } while (true);
    changed.push(...cutRuns(store, runs, at >= blocks.length));
  }
  return [...changed, ...blocks.slice(at)];
}

/** Returns the places that a change may concern: from the beginning of its name, or of its versions. */
function spanOf({ name, rows, after, until, isGone }: Change): { from: string; to: string } {
  const place = placeOfName(name);
  const from = after === undefined ? place : placeOf({ name, version: after });
  if (isGone) return { from, to: `${place}~` };
  if (rows === undefined) return { from, to: place };
  return { from, to: until === undefined ? `${place}~` : placeOf({ name, version: until }) };
}

function joinRuns(runs: Run[], more: readonly Run[]): void {
  const last = runs.at(-1), [first] = more;
  if (last === undefined || first === undefined || first.print !== undefined) {
    return void runs.push(...more);
  }
  runs[runs.length - 1] = { ...last, rows: [...last.rows, ...first.rows] };
  runs.push(...more.slice(1));
}

function changeRuns(runs: Run[], { name, print, rows, after, until, isGone }: Change): void {
  const place = placeOfName(name);
  let at = firstIndex(runs.length, (i) => placeOfName(runs[i]!.name) >= place);
  const before = runs[at]?.name === name ? runs[at] : undefined;
  if (isGone) {
    if (before !== undefined) runs.splice(at, 1);
    return;
  }
  if (before === undefined) {
    if (after !== undefined) throw new LostName();
    return void runs.splice(at, 0, { name, print: print ?? "", rows: rows ?? [] });
  }
  const next: Run = {
    name,
    print: before.print === undefined ? undefined : print ?? before.print,
    rows: rows === undefined ? before.rows : replaceRows(before.rows, { name, rows, after, until }),
  };
  at = runs.indexOf(before, at);
  runs[at] = next;
}

function replaceRows(
  before: readonly Row[],
  { name, rows, after, until }: Required<Pick<Change, "name" | "rows">> & Change,
): readonly Row[] {
  if (after === undefined && until === undefined) return rows;
  const from = after === undefined ? "" : placeOf({ name, version: after });
  const to = until === undefined ? `${placeOfName(name)}~` : placeOf({ name, version: until });
  const head = before.filter(({ found }) => placeOf(found) <= from);
  const tail = before.filter(({ found }) => placeOf(found) > to);
  return [...head, ...rows, ...tail];
}

/** Returns the place of the last name. */
function endOf(runs: readonly Run[]): string {
  const last = runs.at(-1);
  return last === undefined ? "" : placeOfName(last.name);
}

function countOf(runs: readonly Run[]): number {
  return runs.reduce((count, { rows }) => count + rows.length + 1, 0);
}

/**
 * Cuts runs into blocks, between names where that is possible. At the end of the index, where more
 * may follow, all but the last block are full.
 */
function cutRuns(store: BlockStore, runs: readonly Run[], isEnd: boolean): Block[] {
  const count = countOf(runs);
  if (count === 0) return [];
  const most = store.blockSize;
  const wanted = isEnd ? most : Math.max(2, Math.ceil(count / Math.ceil(count / most)));
  const blocks: Block[] = [];
  let part: Run[] = [], size = 0;
  const end = () => {
    if (part.length > 0) blocks.push(...createBlocks(store, part));
    part = [];
    size = 0;
  };
  for (let run of runs) {
    if (size + run.rows.length + 1 > wanted && size >= wanted / 2) end();
    while (size + run.rows.length + 1 > wanted) {
      const rows = run.rows.slice(0, wanted - size - 1);
      part.push({ ...run, rows });
      run = { name: run.name, rows: run.rows.slice(rows.length) };
      end();
    }
    part.push(run);
    size += run.rows.length + 1;
  }
  end();
  return blocks;
}

/** Creates one block, or more if their metadata is large. */
function createBlocks(store: BlockStore, runs: readonly Run[]): Block[] {
  const block = store.create(runs);
  if (block.size <= MOST_BYTES || runs.length === 1 && runs[0]!.rows.length <= 1) return [block];
  if (runs.length > 1) {
    const middle = runs.length >> 1;
    return [runs.slice(0, middle), runs.slice(middle)].flatMap((half) => createBlocks(store, half));
  }
  const [{ name, rows, print }] = runs as [Run];
  const middle = rows.length >> 1;
  return [
    ...createBlocks(store, [{ name, print, rows: rows.slice(0, middle) }]),
    ...createBlocks(store, [{ name, rows: rows.slice(middle) }]),
  ];
}

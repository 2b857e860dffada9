// Searches an index, block by block.
import { TextNumbers } from "../../metadata_text.ts";
import { giveWay } from "../../../core/work/next_turn.ts";
import {
  columnsFor,
  decodeRows,
  decodeRuns,
  type IndexedVersion,
  type ListedRun,
  mayHave,
  type Row,
  RUNS,
} from "./block.ts";
import type { BlockStore } from "./block_store.ts";
import type { Block } from "./stored_block.ts";
import { memberOf, parseQuery, searchText } from "./query.ts";
import type { SearchIndex } from "./search_index.ts";

export interface SearchOptions {
  /** Matches before the first one of the page. */
  offset: number;
  /** Matches of the page. */
  limit: number;
  /** Searches only the newest version of each name. @default false */
  newest?: boolean;
  mayRead(name: string): boolean;
  /** Once aborted, nobody waits for the answer, which then has nothing. */
  signal?: AbortSignal;
}

export interface FoundVersions {
  /** Those of the page. */
  readonly items: IndexedVersion[];
  readonly total: number;
  /** Names that were read whole, if the index is not complete. */
  readonly read?: number;
  /** Notes about numbers that are text. */
  readonly hints: readonly string[];
}

/**
 * Returns the versions that match, by name, newest first. Reads the columns that the query compares,
 * and all columns of the blocks that have versions of the page.
 */
export async function searchBlocks(
  { store, blocks, isPartial }: SearchIndex,
  query: string,
  { offset, limit, newest = false, mayRead, signal }: SearchOptions,
): Promise<FoundVersions> {
  const matches = parseQuery(query);
  const isWanted = columnsFor(matches);
  const textNumbers = new TextNumbers(matches.numberFields);
  const items: IndexedVersion[] = [];
  let total = 0, read = 0;
  for (const block of blocks) {
    await giveWay();
    const texts = await store.read(block, isWanted);
    const runs = decodeRuns(texts.get(RUNS)!);
    const readable = runs.map(([name]) => mayRead(name));
    read += runs.filter(([, , print], at) => print !== undefined && print !== "" && readable[at])
      .length;
    if (!mayHave(matches.neededWords, () => [...texts.values()].join("\n"))) continue;
    const rows = decodeRows(runs, texts);
    const ofPage: number[] = [];
    for (const at of searchedRows(runs, { newest, readable })) {
      await giveWay(); // a regular expression may take a second for a long text
      if (signal?.aborted) return { items: [], total: 0, hints: [] };
      const { found } = rows[at]!;
      const text = matches.words.length > 0 ? searchText(found) : "";
      if (matches.numberFields.length > 0 && matches.matchesOthers(found, text)) {
        textNumbers.add((field) => memberOf(found, field));
      }
      if (!matches(found, text)) continue;
      if (total >= offset && total < offset + limit) ofPage.push(at);
      total++;
    }
    if (ofPage.length === 0) continue;
    const whole = texts.size === block.columns.length ? rows : await wholeRows(store, block, runs);
    for (const at of ofPage) items.push(whole[at]!.found);
  }
  return { items, total, read: isPartial ? read : undefined, hints: textNumbers.notes };
}

/** Yields the positions of the versions that are searched. */
function* searchedRows(
  runs: readonly ListedRun[],
  { newest, readable }: { newest: boolean; readable: readonly boolean[] },
): Generator<number> {
  let first = 0;
  for (const [i, [, count, print]] of runs.entries()) {
    const isNewest = print !== undefined;
    const searched = !readable[i] ? 0 : newest ? Math.min(count, isNewest ? 1 : 0) : count;
    for (let at = first; at < first + searched; at++) yield at;
    first += count;
  }
}

async function wholeRows(
  store: BlockStore,
  block: Block,
  runs: readonly ListedRun[],
): Promise<Row[]> {
  return decodeRows(runs, await store.read(block));
}

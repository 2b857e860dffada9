// The cells of a name in a listing.
import { isPrefix } from "../../core/backend.ts";
import { asGeneration, headOf } from "../cell/heads.ts";
import { afterFolder, keysFolder, nameFolder, parseCellKey, versionCell } from "../layout.ts";
import { persist } from "./run.ts";
import type { MirrorCell, MirrorRun, NamePair } from "./run.ts";
import type { Context } from "../opening/context.ts";

const PART = 1_000;

/** Lists the next cells of versions and aliases after `start`; fewer than {@linkcode PART} at the end. */
async function listPart(
  context: Context,
  name: string,
  start?: string,
  signal?: AbortSignal,
): Promise<MirrorCell[]> {
  const folder = nameFolder(name);
  const cells: MirrorCell[] = [];
  let after = start && afterFolder(start);
  do {
    const from = after;
    after = undefined;
    for await (const entry of context.backend.list(folder, { after: from, signal })) {
      const newest = isPrefix(entry) ? undefined : asGeneration(entry);
      const key = newest && parseCellKey(newest.key);
      if (newest === undefined || key === undefined) continue;
      const { cell, kind, version, label: alias } = key;
      const path = cell.slice(folder.length);
      if (kind === "key") {
        after = afterFolder(keysFolder(name)); // there may be one for each version
        break;
      }
      if (cells.at(-1)?.path === path) continue; // an older generation
      if (cells.length >= PART) return cells;
      const isOther = kind === "version" &&
        cell !== versionCell(name, version!, context.settings.versioned);
      if (isOther) continue;
      const head = headOf(newest);
      cells.push({ cell, path, head, ...(kind === "alias" ? { alias } : { version }) });
    }
  } while (after !== undefined);
  return cells;
}

/** The cells of one path, of which at least one exists. */
interface ListedPair {
  source?: MirrorCell;
  there?: MirrorCell;
}

/** Lists the cells of versions and aliases of a name in both registries, in the order of their paths. */
export async function* listPairs(
  run: MirrorRun,
  { name, target }: NamePair,
): AsyncGenerator<ListedPair> {
  const sources = listCells(run, run.from, name), theirs = listCells(run, run.to, target);
  let [source, there] = await Promise.all([sources.next(), theirs.next()]);
  while (!source.done || !there.done) {
    const isSource = !source.done && (there.done || source.value.path <= there.value.path);
    const isThere = !there.done && (source.done || there.value.path <= source.value.path);
    yield {
      ...(isSource && { source: source.value as MirrorCell }),
      ...(isThere && { there: there.value as MirrorCell }),
    };
    if (isSource) source = await sources.next();
    if (isThere) there = await theirs.next();
  }
}

async function* listCells(
  run: MirrorRun,
  context: Context,
  name: string,
): AsyncGenerator<MirrorCell, undefined> {
  let last: string | undefined;
  do {
    const cells = await persist(run, () => listPart(context, name, last, run.signal));
    yield* cells;
    last = cells.length < PART ? undefined : cells.at(-1)!.cell;
  } while (last !== undefined);
}

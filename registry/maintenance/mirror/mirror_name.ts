// Mirrors one name: its versions, oldest first, then its aliases.
import { compareVersions, inRange, type Version } from "../../../core/naming/versions.ts";
import { settle } from "../../cell/settle.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { mirrorAlias } from "./mirror_alias.ts";
import { mirrorDeletion } from "./mirror_deletion.ts";
import { mirrorNotes } from "./mirror_notes.ts";
import { mirrorVersion } from "./mirror_version.ts";
import { attempt, persist } from "./run.ts";
import type { CellPair, MirrorCell, MirrorRun, NamePair, Outcome } from "./run.ts";
import { asGeneration, headOf } from "../../cell/heads.ts";
import {
  afterFolder,
  keysFolder,
  nameFolder,
  parseCellKey,
  versionCell,
} from "../../format/layout.ts";
import type { Context } from "../../operations/context.ts";

/** Deletions are mirrored before more cells than this are listed. */
const DELETIONS_AT_ONCE = 1_000;

export async function mirrorName(run: MirrorRun, names: NamePair): Promise<ReadonlySet<string>> {
  const ledger = createLedger(run, names);
  const versions: CellPair[] = [];
  const aliases: CellPair[] = [];
  const notes: CellPair[] = [];
  const live: Version[] = []; // in the target
  let deletions: CellPair[] = [];
  for await (const { source, there } of listPairs(run, names)) {
    if (there !== undefined) await ledger.keep(there);
    if (there?.version !== undefined && !there.notes && !there.head.dead) live.push(there.version);
    if (source === undefined) continue;
    const pair = { ...names, source, there };
    if (source.alias !== undefined) aliases.push(pair);
    else if (source.notes) notes.push(pair);
    else if (!isWanted(run, pair)) continue;
    else if (!source.head.dead) versions.push(pair);
    else if (deletions.push(pair) >= DELETIONS_AT_ONCE) await bury();
  }
  await bury();
  live.sort(compareVersions);
  const mirrored = new Set<string>();
  const postponed: CellPair[] = [];

  await run.forEach(versions.sort(oldestFirst), (pair) => copy(pair, true));
  for (const pair of postponed.sort(oldestFirst)) {
    await run.forEach([pair], (only) => copy(only, false));
  }
  if (run.aliases) await each(aliases, (pair) => mirrorAlias(run, pair, mirrored));
  const isMirrored = ({ source: { version } }: CellPair) =>
    version === undefined || mirrored.has(version.canonical);
  await each(notes.filter(isMirrored), (pair) => mirrorNotes(run, pair));
  await ledger.save();
  return mirrored;

  async function each(
    pairs: readonly CellPair[],
    action: (pair: CellPair) => Promise<Outcome>,
  ): Promise<void> {
    await run.forEach(pairs, (pair) => step(run, ledger, pair, () => action(pair)));
  }

  async function copy(pair: CellPair, postpone: boolean): Promise<void> {
    const mirror = () => mirrorVersion(run, pair, { live, postpone });
    const action = (await step(run, ledger, pair, mirror))?.action;
    if (action === "postponed") postponed.push(pair);
    if (action === "copied" || action === "skipped") mirrored.add(pair.source.version!.canonical);
  }

  /** Mirrors the collected deletions and drops them: a name may have a hundred thousand. */
  async function bury(): Promise<void> {
    await each(deletions, (pair) => mirrorDeletion(run, pair, ledger));
    deletions = [];
  }
}

function isWanted({ range, deleted }: MirrorRun, { source: { version, head } }: CellPair): boolean {
  if (version === undefined || (head.dead && !deleted)) return false;
  return range === undefined || inRange(version, range);
}

function oldestFirst(a: CellPair, b: CellPair): number {
  return compareVersions(a.source.version!, b.source.version!);
}

/** Performs an action, unless an earlier run noted that it is done. */
async function step(
  run: MirrorRun,
  ledger: Ledger,
  pair: CellPair,
  action: () => Promise<Outcome>,
): Promise<Outcome | undefined> {
  const { name, target, source, there } = pair;
  const { version, alias, notes: annotations } = source;
  const of = version ? { version: version.canonical } : { alias };
  const item = { name, target, ...of, ...annotations && { annotations } };
  const known = there !== undefined && (ledger.has(source, there) || isDeletedForGood(run, pair));
  return await attempt(run, item, async () => {
    if (there !== undefined && bothDeleted(source, there) && !run.dryRun) {
      await settle(run.to, [there.head.key], run.signal);
    }
    const outcome: Outcome = known ? { action: "skipped" } : await action();
    if (outcome.generation !== undefined) ledger.add(source, outcome.generation);
    return outcome;
  });
}

function bothDeleted(source: MirrorCell, there: MirrorCell): boolean {
  return source.head.dead && there.head.dead;
}

/** Returns true if both have deleted a version for ever. */
function isDeletedForGood({ from }: MirrorRun, { source, there }: CellPair): boolean {
  return source.version !== undefined && !source.notes && !from.settings.mutable &&
    bothDeleted(source, there!);
}

const PART = 1_000;

/** Lists cells of versions and aliases after `start`; fewer than {@linkcode PART} at the end. */
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
      const newest = asGeneration(entry);
      const key = newest && parseCellKey(newest.key);
      if (newest === undefined || key === undefined) continue;
      const { cell, kind, version, label: alias } = key;
      const path = cell.slice(folder.length);
      if (kind === "key") {
        after = afterFolder(keysFolder(name)); // skip: there may be one for each version
        break;
      }
      if (cells.at(-1)?.path === path) continue; // an older generation
      if (cells.length >= PART) return cells;
      const isOther = kind === "version" &&
        cell !== versionCell(name, version!, context.settings.versioned);
      if (isOther) continue;
      const head = headOf(newest);
      const notes = kind === "note";
      cells.push({ cell, path, head, ...(kind === "alias" ? { alias } : { version, notes }) });
    }
  } while (after !== undefined);
  return cells;
}

/** The cells of one path, of which at least one exists. */
interface ListedPair {
  source?: MirrorCell;
  there?: MirrorCell;
}

/** Lists the cells of versions and aliases in both registries, by path. */
async function* listPairs(
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

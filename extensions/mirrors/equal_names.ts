// A table of the names that earlier runs found equal, so that a run looks only at names that either
// registry changed since. A missing or wrong entry costs reads: it holds what was listed of both.
// One pass over each registry finds the names and what changed. The source comes last, so its new
// names are mirrored.
import { encodeName, isRegistryError, sha256 } from "../../core/kernel.ts";
import type { ListedName } from "../../registry/extending.ts";
import { Fingerprint, LAYOUT, PackedMap } from "../../registry/records.ts";
import { cellsAmong, fingerprintOfName, isWanted, itemOf } from "./list_cells.ts";
import type { EqualListings } from "./mirror_name.ts";
import { type MirrorCell, type MirrorRun, type NamePair, persist } from "./run.ts";

/**
 * A pass over the target lists names that are not mirrored, too. After so many of their records for
 * each mirrored name, which are two requests, it is cheaper to look at the rest one by one.
 */
const MOST_OF_OTHERS = 2_000;

export interface EqualNames {
  /** Reports the names that neither registry has changed, and returns the others. */
  findChanged(onUnchanged: () => void): Promise<readonly NamePair[]>;
  /** Returns true for a target that was reported. */
  isUnchanged(target: string): boolean;
  /** Notes that a name is equal; undefined if the next run must look at it. */
  note(pair: NamePair, equal: EqualListings | undefined): void;
  save(): Promise<void>;
}

interface EqualNamesOptions {
  prefix?: string;
  range?: string;
  /** Throws for a name that cannot be mirrored. */
  pairOf(name: string): NamePair;
  /** Lists all names. */
  list(): Promise<readonly NamePair[]>;
}

/** Reads the table of a run with these options. */
export async function openEqualNames(
  run: MirrorRun,
  { prefix = "", range = "", pairOf, list }: EqualNamesOptions,
): Promise<EqualNames> {
  const { from, to, aliases, deleted, signal } = run;
  const selection = JSON.stringify([prefix, range, aliases, deleted]);
  const folder = mirrorTableFolder(from.id, sha256(selection).slice(0, 16));
  const table = await to.notes.table({ folder, isEntry: isEqual, signal });
  const noted = table.entries;
  // By encoded target.
  const unchanged = new PackedMap();
  let pairs: ReadonlyMap<string, NamePair> | undefined;
  const changes = new PackedMap<EqualListings | null>();

  /** Returns the names that are not as noted; undefined if the source cannot be listed as a whole. */
  async function passSource(
    same: PackedMap,
    onUnchanged: () => void,
  ): Promise<NamePair[] | undefined> {
    const changed: NamePair[] = [];
    let isWhole = true;
    const onFailure = () => void (isWhole = false);
    for await (const listed of from.pass({ prefix, signal, onFailure })) {
      const name = LAYOUT.decodeName(listed.name);
      if (name?.startsWith(prefix) !== true) continue;
      const pair = pairOf(name), target = encodeName(pair.target);
      if (unchanged.has(target)) continue; // reported before the pass was tried again
      const isSame = same.has(target) &&
        fingerprintOfName(name, listed.entries) === noted.get(target)?.source;
      if (isSame) {
        unchanged.set(target, true);
        reportUnchanged(run, pair, listed);
        onUnchanged();
      } else changed.push(pair);
    }
    return isWhole ? changed : undefined;
  }

  return {
    async findChanged(onUnchanged) {
      const same = run.verify || noted.size === 0
        ? undefined
        : await attempt(run, () => sameTargets(run, noted));
      const found = same?.size
        ? await attempt(run, () => passSource(same, onUnchanged))
        : undefined;
      const changed = found ??
        (await list()).filter(({ target }) => !unchanged.has(encodeName(target)));
      pairs = new Map(changed.map((pair) => [encodeName(pair.target), pair]));
      return changed;
    },
    isUnchanged: (target) => unchanged.has(encodeName(target)),
    note(pair, equal) {
      const target = encodeName(pair.target), before = noted.get(target);
      if (pairs?.get(target) !== pair) return; // a member of a release that the run adds
      if (before?.source !== equal?.source || before?.target !== equal?.target) {
        changes.set(target, equal ?? null);
      }
    },
    async save() {
      if (pairs === undefined) return; // not all names were found
      for (const [target] of noted) {
        if (!unchanged.has(target) && !pairs.has(target)) changes.set(target, null);
      }
      if (changes.size > 0 && !run.dryRun && !signal?.aborted) await table.save(changed());
    },
  };

  function* changed(): Generator<[string, EqualListings]> {
    for (const entry of noted) if (!changes.has(entry[0])) yield entry;
    for (const [target, equal] of changes) if (equal !== null) yield [target, equal];
  }
}

/** Passes over a registry. If that is refused, as other names may be, all names are looked at. */
async function attempt<T>(run: MirrorRun, pass: () => Promise<T>): Promise<T | undefined> {
  try {
    return await persist(run, pass);
  } catch (error) {
    run.signal?.throwIfAborted();
    if (!isRegistryError(error)) throw error;
    run.logger.warn(
      `mirror: cannot find the changed names, so all are read: ${error.message}`,
    );
  }
}

/** Lists the target, and returns the names that are as noted, encoded. */
async function sameTargets(
  run: MirrorRun,
  noted: PackedMap<EqualListings>,
): Promise<PackedMap> {
  const same = new PackedMap(), absent = new Set<string>();
  const nothing = Fingerprint.of([]);
  let start: string | undefined;
  for (const [target, equal] of noted) {
    const name = LAYOUT.decodeName(target);
    if (name === undefined) continue;
    start = start === undefined ? name : commonStart(start, name);
    if (equal.target === nothing) absent.add(target);
  }
  let ofOthers = 0, isWhole = true;
  const pass = run.to.pass({
    prefix: start,
    signal: run.signal,
    onFailure: () => void (isWhole = false),
  });
  for await (const listed of pass) {
    const equal = noted.get(listed.name);
    if (equal !== undefined) {
      absent.delete(listed.name);
      const name = LAYOUT.decodeName(listed.name)!;
      if (fingerprintOfName(name, listed.entries) === equal.target) same.set(listed.name, true);
      continue;
    }
    ofOthers += listed.entries.length;
    if (ofOthers <= MOST_OF_OTHERS * noted.size) continue;
    isWhole = false;
    break;
  }
  if (isWhole) { for (const target of absent) same.set(target, true); }
  return same;
}

/** Returns what both texts begin with. */
function commonStart(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  const start = a.slice(0, length);
  return start.isWellFormed() ? start : start.slice(0, -1);
}

/** Reports each version, alias and note of a name that has no change. */
function reportUnchanged(run: MirrorRun, pair: NamePair, { entries }: ListedName): void {
  const report = (source: MirrorCell) =>
    run.done({ ...itemOf({ ...pair, source }), action: "skipped" });
  const ofVersions: MirrorCell[] = [], live = new Set<string>();
  for (const source of cellsAmong(run.from, pair.name, entries)) {
    if (source.alias !== undefined) {
      if (run.aliases) report(source);
    } else if (source.notes && source.version === undefined) report(source);
    else if (source.notes) ofVersions.push(source);
    else if (isWanted(run, { source })) {
      if (!source.head.dead) live.add(source.version!.canonical);
      report(source);
    }
  }
  for (const source of ofVersions) if (live.has(source.version!.canonical)) report(source);
}

function isEqual(value: unknown): value is EqualListings {
  const { source, target } = (value ?? {}) as Partial<EqualListings>;
  return typeof source === "string" && typeof target === "string";
}

/** Returns the folder of a mirror's table of equal names. */
export function mirrorTableFolder(registry: string, selection: string): string {
  return `${LAYOUT.mirrorTablesFolder(`${LAYOUT.MIRRORS}${registry}/`)}${selection}/`;
}

// A table of the names that earlier runs found equal, so that a run looks only at names that either
// registry changed since. A missing or wrong entry costs reads: it holds what was listed of both.
import { fingerprintOf } from "../core/bytes/fingerprint.ts";
import { encodeName, isRegistryError, sha256 } from "../core/kernel.ts";
import { mirrorTableFolder, passNames, readNameTable } from "../registry/record_reads.ts";
import type { ListedName } from "../registry/record_reads.ts";
import { cellsAmong, fingerprintOfName, isWanted, itemOf } from "./list_cells.ts";
import type { EqualListings } from "./mirror_name.ts";
import { persist } from "./run.ts";
import type { MirrorCell, MirrorRun, NamePair } from "./run.ts";

/**
 * A pass over the target lists names that are not mirrored, too. After so many of their records for
 * each mirrored name, which are two requests, it is cheaper to look at the rest one by one.
 */
const MOST_OF_OTHERS = 2_000;

export interface EqualNames {
  /** Reports the names that neither registry has changed, and returns the others. */
  findChanged(onUnchanged: () => void): Promise<readonly NamePair[]>;
  /** Notes that a name is equal; undefined if the next run must look at it. */
  note(pair: NamePair, equal: EqualListings | undefined): void;
  save(): Promise<void>;
}

/** Reads the table of a run with these options, which mirrors these names. */
export async function openEqualNames(
  run: MirrorRun,
  names: readonly NamePair[],
  { prefix = "", range = "" }: { prefix?: string; range?: string },
): Promise<EqualNames> {
  const { from, to, aliases, deleted, signal } = run;
  const selection = JSON.stringify([prefix, range, aliases, deleted]);
  const folder = mirrorTableFolder(from.id, sha256(selection).slice(0, 16));
  const table = await readNameTable(to, { folder, isEntry: isEqual, signal });
  const noted = table.entries;
  /** By encoded target: those that have no change are removed. */
  const pairs = new Map(names.map((pair) => [encodeName(pair.target), pair]));
  const changes = new Map<string, EqualListings | undefined>();
  for (const target of noted.keys()) if (!pairs.has(target)) changes.set(target, undefined);

  return {
    async findChanged(onUnchanged) {
      if (run.verify || noted.size === changes.size) return names;
      const left = await attempt(run, () => sameTargets(run, pairs, noted));
      await attempt(run, async () => {
        if (left === undefined || left.size === 0) return;
        for await (const listed of passNames(from, { prefix, signal, onFailure() {} })) {
          const pair = left.get(listed.name), target = pair && encodeName(pair.target);
          if (pair === undefined || target === undefined) continue;
          const fingerprint = fingerprintOfName(pair.name, listed.entries);
          if (fingerprint !== noted.get(target)?.source) continue;
          left.delete(listed.name);
          pairs.delete(target);
          reportUnchanged(run, pair, listed);
          onUnchanged();
        }
      });
      return [...pairs.values()];
    },
    note(pair, equal) {
      const target = encodeName(pair.target), before = noted.get(target);
      if (pairs.get(target) !== pair) return; // a member of a release that the run adds
      if (before?.source !== equal?.source || before?.target !== equal?.target) {
        changes.set(target, equal);
      }
    },
    async save() {
      if (changes.size > 0 && !run.dryRun && !signal?.aborted) await table.save(changed());
    },
  };

  function* changed(): Generator<[string, EqualListings]> {
    for (const entry of noted) if (!changes.has(entry[0])) yield entry;
    for (const [target, equal] of changes) if (equal !== undefined) yield [target, equal];
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

/** Lists the target, and returns the pairs of which it is as noted, by the name in the source. */
async function sameTargets(
  run: MirrorRun,
  pairs: ReadonlyMap<string, NamePair>,
  noted: ReadonlyMap<string, EqualListings>,
): Promise<Map<string, NamePair>> {
  const same = new Map<string, NamePair>(), absent = new Map<string, NamePair>();
  const nothing = fingerprintOf([]);
  const targets: string[] = [];
  for (const [target, pair] of pairs) {
    targets.push(pair.target);
    if (noted.get(target)?.target === nothing) absent.set(target, pair);
  }
  let ofOthers = 0, isWhole = true;
  const pass = passNames(run.to, {
    prefix: commonStart(targets),
    signal: run.signal,
    onFailure: () => void (isWhole = false),
  });
  for await (const listed of pass) {
    const pair = pairs.get(listed.name), equal = noted.get(listed.name);
    if (pair !== undefined) {
      absent.delete(listed.name);
      const isSame = equal && fingerprintOfName(pair.target, listed.entries) === equal.target;
      if (isSame) same.set(encodeName(pair.name), pair);
      continue;
    }
    ofOthers += listed.entries.length;
    if (ofOthers <= MOST_OF_OTHERS * pairs.size) continue;
    isWhole = false;
    break;
  }
  if (isWhole) { for (const pair of absent.values()) same.set(encodeName(pair.name), pair); }
  return same;
}

/** Returns what all of these texts begin with. */
function commonStart(texts: readonly string[]): string {
  let [start = ""] = texts;
  for (const text of texts) while (!text.startsWith(start)) start = start.slice(0, -1);
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

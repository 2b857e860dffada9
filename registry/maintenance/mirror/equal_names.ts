// A table of the names that earlier runs found equal, so that a run looks only at names that either
// registry changed since. A missing or wrong entry costs reads: it holds what was listed of both.
import { sha256 } from "../../../core/bytes/digest.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { encodeName } from "../../../core/naming/names.ts";
import { mirrorTableFolder } from "../../format/layout.ts";
import { readNameTable } from "../pass/name_table.ts";
import { type ListedName, passNames } from "../pass/pass_names.ts";
import { cellsAmong, Fingerprint, isWanted, itemOf } from "./list_cells.ts";
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
  const noted = new Map(table.entries);
  const byTarget = new Map(names.map((pair) => [encodeName(pair.target), pair]));
  let isChanged = false;
  for (const target of noted.keys()) if (!byTarget.has(target)) forget(target);

  return {
    async findChanged(onUnchanged) {
      const isAny = names.some(({ target }) => noted.has(encodeName(target)));
      if (run.verify || !isAny) return names;
      const same = await attempt(run, () => sameTargets(run, byTarget, noted)) ?? [];
      const left = new Map<string, NamePair>();
      for (const target of same) {
        const pair = byTarget.get(target)!;
        left.set(encodeName(pair.name), pair);
      }
      const unchanged = new Set<NamePair>();
      await attempt(run, async () => {
        if (left.size === 0) return;
        const pass = passNames(from, { prefix, signal, onFailure() {} });
        for await (const listed of pass) {
          const pair = left.get(listed.name);
          if (pair === undefined) continue;
          const { source } = noted.get(encodeName(pair.target))!;
          if (fingerprintOf(pair.name, listed) !== source) continue;
          left.delete(listed.name);
          unchanged.add(pair);
          reportUnchanged(run, pair, listed);
          onUnchanged();
        }
      });
      return names.filter((pair) => !unchanged.has(pair));
    },
    note({ target }, equal) {
      const name = encodeName(target);
      if (equal === undefined) return forget(name);
      const before = noted.get(name);
      isChanged ||= before?.source !== equal.source || before.target !== equal.target;
      noted.set(name, equal);
    },
    async save() {
      if (!isChanged || run.dryRun || signal?.aborted) return;
      await table.save(noted);
    },
  };

  function forget(target: string): void {
    if (noted.delete(target)) isChanged = true;
  }
}

/** Passes over a registry. If that is refused, as other names may be, all names are looked at. */
async function attempt<T>(run: MirrorRun, pass: () => Promise<T>): Promise<T | undefined> {
  try {
    return await persist(run, pass);
  } catch (error) {
    run.signal?.throwIfAborted();
    if (!isRegistryError(error)) throw error;
    run.logger.warn(`mirror: all names are looked at: ${error.message}`);
  }
}

/** Lists the target, and returns the names in it that are as noted. */
async function sameTargets(
  run: MirrorRun,
  byTarget: ReadonlyMap<string, NamePair>,
  noted: ReadonlyMap<string, EqualListings>,
): Promise<Set<string>> {
  const same = new Set<string>(), present = new Set<string>();
  let ofOthers = 0, isWhole = true;
  const pass = passNames(run.to, {
    prefix: commonStart([...byTarget.values()].map(({ target }) => target)),
    signal: run.signal,
    onFailure: () => void (isWhole = false),
  });
  for await (const listed of pass) {
    const pair = byTarget.get(listed.name);
    if (pair !== undefined) {
      present.add(listed.name);
      const equal = noted.get(listed.name);
      if (equal && fingerprintOf(pair.target, listed) === equal.target) same.add(listed.name);
      continue;
    }
    ofOthers += listed.entries.length;
    if (ofOthers <= MOST_OF_OTHERS * byTarget.size) continue;
    isWhole = false;
    break;
  }
  for (const [target, { target: name }] of isWhole ? byTarget : []) {
    const nothing = () => new Fingerprint(name).digest();
    if (!present.has(target) && noted.get(target)?.target === nothing()) same.add(target);
  }
  return same;
}

function fingerprintOf(name: string, { entries }: ListedName): string {
  const fingerprint = new Fingerprint(name);
  for (const entry of entries) fingerprint.add(entry);
  return fingerprint.digest();
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

// Mirrors one name: its versions, oldest first, then its aliases, then deletions.
import type { Version } from "../../mod.ts";
import { compareVersions, isRegistryError } from "../../core/kernel.ts";
import { RACY_MS } from "../../registry/records.ts";
import { createLedger } from "./ledger.ts";
import type { Ledger } from "./ledger.ts";
import { beginListings, isWanted, itemOf, listPairs } from "./list_cells.ts";
import type { BothListings } from "./list_cells.ts";
import { LiveVersions } from "./live_versions.ts";
import { mirrorAlias } from "./mirror_alias.ts";
import { mirrorDeletion } from "./mirror_deletion.ts";
import { mirrorNotes } from "./mirror_notes.ts";
import { mirrorVersion } from "./mirror_version.ts";
import { attempt, persist, versionOfPair } from "./run.ts";
import type { CellPair, MirrorCell, MirrorRun, NamePair, Outcome } from "./run.ts";

/** Deletions are mirrored before more cells than this are listed. */
const DELETIONS_AT_ONCE = 1_000;

/** Fingerprints of the listings of a name in both registries between which nothing was to do. */
export type EqualListings = Record<"source" | "target", string>;

/** Mirrors a name in steps: releases and aliases are copied after versions, and deleted before. */
export type NameMirror = Pick<StoreMirror, keyof StoreMirror>;

/** Mirrors a name between stores, cell by cell. */
export class StoreMirror {
  readonly pair: NamePair;
  /** Versions that are now equal in the target. */
  readonly mirrored: Set<string> = new Set();
  readonly #run: MirrorRun;
  readonly #ledger: Ledger;
  #live = new LiveVersions();
  readonly #users = new Map<string, Version>();
  #releases: CellPair[] = [];
  #aliases: CellPair[] = [];
  readonly #notes: CellPair[] = [];
  #deletions: CellPair[] = [];
  /** Versions that a dry run would delete. */
  readonly #buried = new Set<string>();
  readonly #listings: BothListings;
  readonly #listedAt: number;
  /** False if it did anything, or a later run of the same listings could do something. */
  #isQuiet = true;

  constructor(run: MirrorRun, pair: NamePair) {
    this.#run = run;
    this.pair = pair;
    this.#ledger = createLedger(run, pair);
    this.#listings = beginListings(pair);
    this.#listedAt = run.system.now();
  }

  /** Number of releases and deletions that wait for those of other names. */
  get waiting(): number {
    return this.#releases.length + this.#deletions.length;
  }

  /** Copies versions, oldest first. Returns false if releases wait for their members. */
  async copyVersions(): Promise<boolean> {
    const run = this.#run;
    const versions: CellPair[] = [], live: Version[] = [];
    let deleted: CellPair[] = [];
    const deleteAgain = async () => {
      await this.#each(deleted, (pair) => this.#bury(pair));
      deleted = []; // a name may have a hundred thousand
    };
    for await (const { source, targetCell } of listPairs(run, this.pair, this.#listings)) {
      if (targetCell !== undefined) await this.#ledger.keep(targetCell);
      const isLive = targetCell?.version !== undefined && !targetCell.notes &&
        !targetCell.head.dead;
      if (isLive) live.push(targetCell.version!);
      if (source === undefined) continue;
      const pair = { ...this.pair, source, targetCell };
      if (source.alias !== undefined) this.#aliases.push(pair);
      else if (source.notes) this.#notes.push(pair);
      else if (!isWanted(run, pair)) continue;
      else if (!source.head.dead) versions.push(pair);
      else if (isLive) this.#deletions.push(pair);
      else if (deleted.push(pair) >= DELETIONS_AT_ONCE) await deleteAgain();
    }
    await deleteAgain();
    this.#live = new LiveVersions(live);
    const alone: { pair: CellPair; commit: string }[] = [];
    await run.forEach(versions.sort(oldestFirst), async (pair) => {
      const { action, commit = "" } = await this.#copy(pair, true) ?? {};
      if (action === "postponed") alone.push({ pair, commit });
    });
    // Commits are in the order of time: a version shares bytes with those that were saved before.
    for (const { pair } of alone.sort((a, b) => a.commit < b.commit ? -1 : 1)) {
      await run.forEach([pair], (only) => this.#copy(only, false));
    }
    return this.#releases.length === 0;
  }

  /** Copies the releases whose members are in the target by now. */
  async copyReleases(): Promise<void> {
    const releases = this.#releases;
    this.#releases = [];
    await this.#run.forEach(releases, (pair) => this.#copy(pair, false));
  }

  async moveAliases(): Promise<void> {
    const run = this.#run;
    await this.#moveAliases();
    const isMirrored = ({ source: { version } }: CellPair) =>
      version === undefined || this.mirrored.has(version.canonical);
    await this.#each(this.#notes.filter(isMirrored), (pair) => mirrorNotes(run, pair));
  }

  /** Postpones aliases of versions that are deleted in the source and not yet in the target. */
  async #moveAliases(): Promise<void> {
    const aliases = this.#run.aliases ? this.#aliases : [];
    this.#aliases = [];
    await this.#each(aliases, async (pair) => {
      const isPending = this.#deletions.length > 0;
      const outcome = await mirrorAlias(this.#run, pair, {
        versions: this.mirrored,
        buried: this.#buried,
        isPending,
      });
      if (outcome.action === "postponed") this.#aliases.push(pair);
      return outcome;
    });
  }

  /** Mirrors deletions, but not of members that a release of the target holds, unless `held`. */
  async deleteVersions(held = false): Promise<void> {
    const isHeld = held || this.#deletions.length === 0 ? () => false : await this.#findHeld();
    const { true: waiting = [], false: others = [] } = Object.groupBy(
      this.#deletions,
      (pair) => `${isHeld(versionOfPair(pair).canonical)}`,
    );
    this.#deletions = waiting;
    await this.#each(others, (pair) => this.#bury(pair));
    if (waiting.length === 0) await this.#moveAliases();
  }

  async #bury(pair: CellPair): Promise<Outcome> {
    const outcome = await mirrorDeletion(this.#run, pair, this.#ledger);
    if (this.#run.dryRun && outcome.action === "deleted") {
      this.#buried.add(versionOfPair(pair).canonical);
    }
    return outcome;
  }

  async #findHeld(): Promise<(version: string) => boolean> {
    const { to, signal } = this.#run;
    const { releases } = await persist(
      this.#run,
      () => to.ofName(this.pair.target).holds({ signal }),
    ).catch((error) => {
      if (!isRegistryError(error, "Corrupt")) throw error;
      return { releases: [] }; // a damaged release has no readers
    });
    const held = new Set(releases.map(({ version }) => version));
    return (version) => held.has(version);
  }

  async end(): Promise<EqualListings | undefined> {
    await this.#ledger.save();
    const { source, target } = this.#listings;
    // A list shows no change of what was written a moment ago: times may be whole seconds.
    const newestAt = Math.max(source.newestAt, target.newestAt);
    if (!this.#isQuiet || newestAt >= this.#listedAt - RACY_MS) return undefined;
    return { source: source.digest(), target: target.digest() };
  }

  async #each(
    pairs: readonly CellPair[],
    action: (pair: CellPair) => Promise<Outcome>,
  ): Promise<void> {
    const { forEach } = this.#run;
    await forEach(pairs, (pair) => this.#step(pair, () => action(pair)));
  }

  async #step(pair: CellPair, action: () => Promise<Outcome>): Promise<Outcome | undefined> {
    const outcome = await step(this.#run, this.#ledger, pair, action);
    if (outcome?.action !== "skipped" || outcome.isPassing) this.#isQuiet = false;
    return outcome;
  }

  async #copy(pair: CellPair, postpone: boolean): Promise<Outcome | undefined> {
    const run = this.#run;
    const sharing = { live: this.#live, users: this.#users, postpone };
    const outcome = await this.#step(pair, () => mirrorVersion(run, pair, sharing));
    const action = outcome?.action;
    if (action === "waiting") this.#releases.push(pair);
    if (action === "copied" || action === "skipped") {
      this.mirrored.add(versionOfPair(pair).canonical);
    }
    return outcome;
  }
}

function oldestFirst(a: CellPair, b: CellPair): number {
  return compareVersions(versionOfPair(a), versionOfPair(b));
}

/** Performs an action, unless an earlier run noted that it is done. */
async function step(
  run: MirrorRun,
  ledger: Ledger,
  pair: CellPair,
  action: () => Promise<Outcome>,
): Promise<Outcome | undefined> {
  const { source, targetCell } = pair;
  const item = itemOf(pair);
  const known = targetCell !== undefined &&
    (ledger.has(source, targetCell) || isDeletedForGood(run, pair));
  return await attempt(run, item, async () => {
    if (targetCell !== undefined && bothDeleted(source, targetCell) && !run.dryRun) {
      await run.to.settle(targetCell.head.key, run.signal);
    }
    const outcome: Outcome = known ? { action: "skipped" } : await action();
    if (outcome.generation !== undefined) ledger.add(source, outcome.generation);
    return outcome;
  });
}

function bothDeleted(source: MirrorCell, targetCell: MirrorCell): boolean {
  return source.head.dead && targetCell.head.dead;
}

/** Returns true if both have deleted a version for ever. */
function isDeletedForGood({ from }: MirrorRun, { source, targetCell }: CellPair): boolean {
  return source.version !== undefined && !source.notes && !from.settings.mutable &&
    bothDeleted(source, targetCell!);
}

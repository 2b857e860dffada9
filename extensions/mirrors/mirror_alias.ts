// Mirrors one alias: the target gets each change of its history, with the times of the source.
import { isRegistryError, parseVersion } from "../../core/kernel.ts";
import { LAYOUT } from "../../registry/records.ts";
import { changesOf, writeChanges } from "./mirror_notes.ts";
import type { Change } from "./mirror_notes.ts";
import { persist, targetCellPath } from "./run.ts";
import type { CellPair, MirrorRun, NamePair, Outcome } from "./run.ts";

/**
 * Points an alias of the target to the version that it names in the source, change by change.
 *
 * @param known versions that are equal in both, and those that a dry run would delete. An alias may
 * also name one that both deleted. If deletions follow (`isPending`), it is postponed
 */
export async function mirrorAlias(
  run: MirrorRun,
  pair: CellPair,
  known: KnownVersions,
): Promise<Outcome> {
  if (pair.source.head.dead && !mayRemove(run, pair)) return { action: "skipped" };
  return await persist(run, async () => {
    const state = await compareAliases(run, pair);
    if (state === undefined) return { action: "skipped", isPassing: true };
    return state.wanted.record.kind === "deleted"
      ? await remove(run, pair, state)
      : await set(run, pair, state, known);
  });
}

interface KnownVersions {
  versions: ReadonlySet<string>;
  buried: ReadonlySet<string>;
  isPending: boolean;
}

async function set(
  run: MirrorRun,
  pair: CellPair,
  state: AliasState,
  { versions, buried, isPending }: KnownVersions,
): Promise<Outcome> {
  const { to, dryRun, signal } = run;
  const { target } = pair;
  const { wanted, present, generation, related, missing } = state;
  const version = versionOf(wanted)!;
  const isEqual = present !== undefined && versionOf(present) === version;
  if (isEqual && (missing.length === 0 || !related)) {
    if (!dryRun) await to.settle(LAYOUT.recordKey(targetCellPath(pair), generation), signal);
    return { action: "skipped", generation };
  }
  // Only a change of the source may name a version that is deleted.
  const isGone = async () => buried.has(version) || await isDeleted(run, pair, version);
  if (!versions.has(version) && (missing.length === 0 || !await isGone())) {
    return { action: isPending ? "postponed" : "skipped" };
  }
  if (dryRun) return { action: "copied", generation: generation + 1 };
  const cell = LAYOUT.versionCell(target, parseVersion(version), to.settings.versioned);
  const located = await to.version(cell, { signal });
  if (located !== undefined) await to.settle(located.found, signal); // before its alias
  if (missing.length > 0) {
    return { action: "copied", generation: await writeChanges(run, pair, state) };
  }
  try { // the alias was changed only in the target
    const { origin, record: { by } } = wanted;
    const alias = pair.source.alias!;
    await to.setAlias({ name: target, alias, version, origin, by }, { signal });
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
    return { action: "skipped", isPassing: true }; // deleted there a moment ago
  }
  return { action: "copied", generation: generation + 1 };
}

async function isDeleted(
  { from, to, signal }: MirrorRun,
  names: NamePair,
  version: string,
): Promise<boolean> {
  return await from.ofName(names.name).isDeleted(version, signal) &&
    await to.ofName(names.target).isDeleted(version, signal);
}

function mayRemove({ deleted, range }: MirrorRun, { targetCell }: CellPair): boolean {
  return deleted && (targetCell !== undefined || range === undefined);
}

/** Removes an alias that a mirror has set. One that was first set in the target stays. */
async function remove(run: MirrorRun, pair: CellPair, state: AliasState): Promise<Outcome> {
  const { present, generation, related, missing } = state;
  const isOwn = present?.record.kind === "alias" &&
    (!related || present.record.origin === undefined);
  if (isOwn || !mayRemove(run, pair)) return { action: "skipped" };
  if (missing.length === 0) return { action: "skipped", generation };
  return {
    action: "deleted",
    generation: run.dryRun ? generation : await writeChanges(run, pair, state),
  };
}

function versionOf({ record }: Change): string | undefined {
  return record.kind === "alias" ? record.version : undefined;
}

interface AliasState {
  wanted: Change;
  present?: Change;
  /** Generation of that change; 0 if there is none. */
  generation: number;
  /** True if one of the two newest changes is a copy of the other. */
  related: boolean;
  /** Changes of the source after the newest common one, oldest first. */
  missing: Change[];
}

/** Compares the two cells of an alias; undefined if the source has lost the alias. */
async function compareAliases(run: MirrorRun, pair: CellPair): Promise<AliasState | undefined> {
  const { from, to, signal } = run;
  const { value: present } = await changesOf(to, targetCellPath(pair), "alias", signal).next();
  const generation = present?.record.generation ?? 0;
  let wanted: Change | undefined;
  const missing: Change[] = [];
  for await (const change of changesOf(from, pair.source.cell, "alias", signal)) {
    wanted ??= change;
    if (change.origin.commit === present?.origin.commit) {
      return { wanted, present, generation, related: true, missing: missing.reverse() };
    }
    missing.push(change);
  }
  if (wanted === undefined) return undefined;
  if (present === undefined) {
    return { wanted, generation, related: false, missing: missing.reverse() };
  }
  // The target has changes of its own. Those of the source are below them.
  const known = new Set<string>();
  for await (const { origin } of changesOf(to, targetCellPath(pair), "alias", signal)) {
    known.add(origin.commit);
  }
  const common = missing.findIndex(({ origin }) => known.has(origin.commit));
  const after = common < 0 ? missing : missing.slice(0, common);
  return { wanted, present, generation, related: false, missing: after.reverse() };
}

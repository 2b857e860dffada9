/**
 * One name: its versions, oldest first, then its aliases.
 *
 * @module
 */
import { isRegistryError } from "../../core/errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import { compareVersions, inRange } from "../../core/naming/versions.ts";
import { inWords } from "../../core/options/words_of_verbs.ts";
import { settle } from "../cell/settle.ts";
import { listCells } from "./cells.ts";
import type { MirrorCell } from "./cells.ts";
import { openLedger } from "./ledger.ts";
import type { Ledger } from "./ledger.ts";
import { mirrorAlias } from "./mirror_alias.ts";
import { mirrorDeletion } from "./mirror_deletion.ts";
import { mirrorVersion } from "./mirror_version.ts";
import { persist } from "./run.ts";
import type { CellPair, MirrorRun, NamePair, Outcome } from "./run.ts";
import { createSharing } from "./sharing.ts";

/** Mirrors all of a name. Returns the versions that the target has now as the source has them. */
export async function mirrorName(run: MirrorRun, names: NamePair): Promise<ReadonlySet<string>> {
  const { from, to, signal } = run;
  const source = await persist(run, () => listCells(from, names.name, signal));
  const there = await persist(run, () => listCells(to, names.target, signal));
  const ledger = await persist(run, () => openLedger(run, names, there));
  const sharing = createSharing(run, names.target, there.values());
  const pairs = [...source].map(([path, cell]): CellPair => ({ ...names, source: cell, there: there.get(path) }));
  const versions = pairs.filter((pair) => isWanted(run, pair)).sort(oldestFirst);
  const settled = new Set<string>();
  const buried = new Set<string>(); // deleted in both
  const postponed: CellPair[] = [];

  await run.forEach(versions, (pair) => step(pair, true));
  for (const pair of postponed.sort(oldestFirst)) await run.forEach([pair], (only) => step(only, false));
  if (run.aliases) {
    const aliases = pairs.filter(({ source }) => source.alias !== undefined);
    const named = new Set([...settled, ...buried]);
    await run.forEach(aliases, (pair) => attempt(run, ledger, pair, () => mirrorAlias(run, pair, named)));
  }
  await ledger.save();
  return settled;

  async function step(pair: CellPair, postpone: boolean): Promise<void> {
    const { canonical } = pair.source.version!;
    const dead = pair.source.head.dead;
    const action = () => dead ? mirrorDeletion(run, pair, ledger) : mirrorVersion(run, pair, { sharing, postpone });
    const outcome = await attempt(run, ledger, pair, action);
    if (outcome === "postponed") postponed.push(pair);
    else if (dead && (outcome?.action === "deleted" || outcome?.action === "skipped")) buried.add(canonical);
    else if (!dead && (outcome?.action === "copied" || outcome?.action === "skipped")) settled.add(canonical);
  }
}

function isWanted({ range, deleted }: MirrorRun, { source: { version, head } }: CellPair): boolean {
  if (version === undefined || (head.dead && !deleted)) return false;
  return range === undefined || inRange(version, range);
}

function oldestFirst(a: CellPair, b: CellPair): number {
  return compareVersions(a.source.version!, b.source.version!);
}

/** Does it, unless it is known to be done, and says what became of it. What concerns one version alone does not end the run. */
async function attempt(
  run: MirrorRun,
  ledger: Ledger,
  pair: CellPair,
  action: () => Promise<Outcome | "postponed">,
): Promise<Outcome | "postponed" | undefined> {
  const { name, target, source, there } = pair;
  const { version, alias } = source;
  const item = { name, target, ...(alias === undefined ? { version: version!.canonical } : { alias }) };
  const known = there !== undefined && (ledger.has(source, there) || isDeletedForGood(run, pair));
  run.signal?.throwIfAborted();
  try {
    if (there !== undefined && bothDead(source, there) && !run.dryRun) {
      await settle(run.to, [there.head.key], run.signal);
    }
    const outcome: Outcome | "postponed" = known ? { action: "skipped" } : await action();
    if (outcome === "postponed") return outcome;
    if ("generation" in outcome && outcome.generation !== undefined) ledger.add(source, outcome.generation);
    const { action: done, files, bytes } = { files: undefined, bytes: undefined, ...outcome };
    run.done({ ...item, action: done, ...(files === undefined ? {} : { files, bytes }) });
    return outcome;
  } catch (error) {
    run.signal?.throwIfAborted();
    if (!isRegistryError(error) || error.code === "TaskFailed") throw error; // the caller's own code
    const ref = `${item.name}@${"version" in item ? item.version : item.alias}`;
    run.done({ ...item, action: "failed", error: inWords({ verb: "mirror", ref }, error) as RegistryError });
  }
}

function bothDead(source: MirrorCell, there: MirrorCell): boolean {
  return source.head.dead && there.head.dead;
}

/** A version that both have deleted, where it can never come back: so it was deleted once. */
function isDeletedForGood({ from }: MirrorRun, { source, there }: CellPair): boolean {
  return source.version !== undefined && !from.settings.mutable && bothDead(source, there!);
}

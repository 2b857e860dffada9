// Mirrors one version, unless the target has it.
import { isPrefix } from "../../backends/mod.ts";
import type { Version } from "../../mod.ts";
import { isRegistryError, parseVersion } from "../../core/kernel.ts";
import type { Head, VersionRecord } from "../../registry/extending.ts";
import { generationAbove, LAYOUT, type Located } from "../../registry/records.ts";
import { copyFiles, type CopyFilesOptions, type Moved } from "./copying/copy_files.ts";
import { type CopySource, openSource, sharesFiles } from "./copying/copy_source.ts";
import type { LiveVersions } from "./live_versions.ts";
import {
  checkProtection,
  holdTheSame,
  occupied,
  originOf,
  persist,
  targetCellPath,
} from "./run.ts";
import type { CellPair, MirrorRun, Outcome } from "./run.ts";

interface SharingOptions {
  /** In the target. */
  live: LiveVersions;
  /** The last copied version that uses a payload, by the place of the payload in the source. */
  users: Map<string, Version>;
  postpone: boolean;
}

/** Copies the valid version of a cell to the target, unless that has it. */
export async function mirrorVersion(
  run: MirrorRun,
  pair: CellPair,
  options: SharingOptions,
): Promise<Outcome> {
  const { from, to, signal } = run;
  const { source, targetCell } = pair;
  return await persist(run, async (first) => { // listings are used in the first attempt only
    const located = await from.version(source.cell, {
      head: first ? source.head : undefined,
      signal,
    });
    if (located === undefined) return { action: "gone" };
    const head = first ? targetCell?.head : await to.head(targetCellPath(pair), signal);
    return await bring(run, pair.target, { located, head }, options);
  });
}

/** A version of the source, with the head of its cell in the target and what that has. */
interface Counterparts {
  located: Located;
  head?: Head;
  present?: Located;
}

async function bring(
  run: MirrorRun,
  target: string,
  { located, head }: Omit<Counterparts, "present">,
  sharing: SharingOptions,
): Promise<Outcome> {
  const { to } = run;
  const { record } = located;
  const present = head === undefined || head.dead ? undefined : await readPresent(run, head);
  if (present !== undefined && isMirrored(run, present.record, record)) {
    if (!run.dryRun) await to.settle(present.found, run.signal);
    return { action: "skipped", generation: present.generation };
  }
  if (present !== undefined && to.settings.mutable) {
    const about = { name: target, version: record.version, location: to.backend.location };
    await checkProtection(run, { action: "mirror to", ...about });
  }
  if (!await run.members.areThere(record)) return { action: "waiting" };
  return await copyUnlessPostponed(run, target, { located, head, present }, sharing);
}

async function copyUnlessPostponed(
  run: MirrorRun,
  target: string,
  { located, head, present }: Counterparts,
  sharing: SharingOptions,
): Promise<Outcome> {
  const { record } = located;
  const { mutable } = run.to.settings;
  const above = head === undefined || mutable
    ? undefined
    : await freeAbove(run, target, { located, head, present });
  const source = await openSource(run, located);
  if (sharing.postpone && sharesFiles(source)) {
    return { action: "postponed", commit: record.commit };
  }
  const generation = above?.next ?? (head?.generation ?? 0) + 1;
  if (run.dryRun) {
    return { action: "copied", generation, files: source.count, bytes: record.size };
  }
  const condition = {
    target,
    above: above?.generation,
    onConflict: head === undefined || !mutable ? "fail" : "overwrite",
    ifCommit: present?.record.commit,
  } as const;
  const moved = await copyVersion(run, source, condition, sharing);
  return { action: "copied", generation, ...moved };
}

/** Copies a version, and notes it as one that others may share bytes with. */
async function copyVersion(
  run: MirrorRun,
  source: CopySource,
  condition: Omit<CopyFilesOptions, "base" | "badBase">,
  sharing: SharingOptions,
): Promise<Moved> {
  const { live, postpone, users } = sharing;
  const version = parseVersion(source.located.record.version);
  const base = postpone ? undefined : chooseBase(source, sharing);
  const moved = await copyFiles(run, source, {
    ...condition,
    base: base && `${condition.target}@${base.canonical}`,
    badBase: () => live.delete(base!),
  });
  for (const place of source.bytesAt.keys()) users.set(place, version);
  live.add(version);
  return moved;
}

/**
 * Returns the version in the target with most of the bytes that a version shares in the source, or
 * the next lower one.
 */
function chooseBase(
  { located: { record: { version, commit } }, bytesAt }: CopySource,
  { live, users }: SharingOptions,
): Version | undefined {
  const shared = new Map<Version, number>();
  for (const [place, bytes] of bytesAt) {
    const { order, commit: its } = LAYOUT.parsePlace(place);
    if (its === commit) continue; // its own
    const user = users.get(place) ?? LAYOUT.decodeOrder(order);
    const base = user && live.get(user.canonical);
    if (base) shared.set(base, (shared.get(base) ?? 0) + bytes);
  }
  const [most] = [...shared].sort(([, a], [, b]) => b - a);
  return most?.[0] ?? live.upTo(parseVersion(version));
}

/** Returns true if the target has the content of the version, from the same save or a later one. */
function isMirrored(run: MirrorRun, present: VersionRecord, record: VersionRecord): boolean {
  const isAgain = run.to.settings.mutable && isSavedAgain(run, present, record);
  return !isAgain && holdTheSame(present, record);
}

/** A generation above which an immutable target may write, and the one to write. */
interface FreeAbove {
  generation: number;
  next: number;
}

/** Returns the generation above which an immutable target may write. Throws if there is none. */
async function freeAbove(
  run: MirrorRun,
  target: string,
  { located, head, present }: Counterparts & { head: Head },
): Promise<FreeAbove> {
  const above = await newestVoid(run, head, located) ?? await undoneThere(run, head, located);
  if (above !== undefined) return above;
  const state = head.dead
    ? "the target has deleted the version"
    : present !== undefined
    ? "the target has another value for this version"
    : "the target has an expired record for this version";
  throw occupied(run.to.backend.location, `${target}@${located.record.version}`, state);
}

/** Returns the generation of a mirrored deletion that the source has undone since. */
async function undoneThere(
  { to, signal }: MirrorRun,
  head: Head,
  { record: { restored = [] } }: Located,
): Promise<FreeAbove | undefined> {
  if (!head.dead || restored.length === 0) return undefined;
  const tombstone = (await to.read(head, signal))?.record;
  if (tombstone?.kind !== "deleted") return undefined;
  const deletedAt = new Date(tombstone.createdAt).toISOString();
  if (!restored.some((deletion) => deletion.deletedAt === deletedAt)) return undefined;
  const { generation } = head;
  return { generation, next: generationAbove({ generation, record: tombstone }) };
}

/** Returns true if the source saved the version again after the save that the target has. */
function isSavedAgain(
  { from, to }: MirrorRun,
  present: VersionRecord,
  record: VersionRecord,
): boolean {
  const [a, b] = [originOf(to, present), originOf(from, record)];
  const isLater = Date.parse(record.createdAt) > Date.parse(present.createdAt);
  return isLater && a.registry === b.registry && a.commit !== b.commit;
}

/** Reads the version in the target. In mutable registries, damage is replaced. */
async function readPresent({ to, signal }: MirrorRun, head: Head): Promise<Located | undefined> {
  try {
    return await to.version(LAYOUT.cellOf(head.key), { head, signal });
  } catch (error) {
    if (!to.settings.mutable || !isRegistryError(error, "Corrupt")) throw error;
  }
}

/**
 * Returns the newest generation of a cell with nothing but expired mirrors of the same version;
 * undefined for other cells. Writing above it is safe even in an immutable registry: no reader has
 * seen a value, no other version used the number, and expired records stay expired.
 */
async function newestVoid(
  { from, to, signal }: MirrorRun,
  head: Head,
  { record }: Located,
): Promise<FreeAbove | undefined> {
  if (head.dead) return undefined;
  const origin = originOf(from, record);
  let newest: FreeAbove | undefined;
  for await (const entry of to.backend.list(LAYOUT.cellOf(head.key), { signal })) {
    const key = isPrefix(entry) ? undefined : LAYOUT.parseCellKey(entry.key);
    if (isPrefix(entry) || key === undefined) continue;
    const object = await to.read(entry.key, signal);
    if (object?.record.kind !== "version") return undefined;
    const own = object.record.origin;
    if (own?.registry !== origin.registry || own.commit !== origin.commit) return undefined;
    if (!await to.isVoid(object, signal)) return undefined;
    newest ??= { generation: key.generation, next: key.generation + 1 };
  }
  return newest;
}

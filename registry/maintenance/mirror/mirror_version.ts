// One version: whether it must be copied, and doing it.
import { isPrefix } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { type Head, type Located, readHead, readRecord } from "../../cell/heads.ts";
import { settleVersion } from "../../cell/settle.ts";
import { isVoid } from "../../cell/voids.ts";
import { cellOf, parseCellKey } from "../../format/layout.ts";
import { copyFiles, openSource, sharesFiles } from "./copy_files.ts";
import { cellThere, holdTheSame, occupied, originOf, persist } from "./run.ts";
import type { CellPair, MirrorRun, Outcome } from "./run.ts";
import type { Sharing } from "./sharing.ts";
import { readCell } from "../../operations/resolve.ts";

export interface SharingOptions {
  sharing: Sharing;
  postpone: boolean;
}

/** Brings what counts in a cell of the source to the target, unless it is there. */
export async function mirrorVersion(
  run: MirrorRun,
  pair: CellPair,
  options: SharingOptions,
): Promise<Outcome> {
  const { from, to, signal } = run;
  const { source, there } = pair;
  return await persist(run, async (first) => { // the listing is believed once
    const located = await readCell(from, source.cell, {
      head: first ? source.head : undefined,
      signal,
    });
    if (located === undefined) return { action: "gone" };
    const head = first ? there?.head : await readHead(to, cellThere(pair), signal);
    return await bring(run, pair.target, { located, head }, options);
  });
}

interface Situation {
  located: Located;
  head?: Head;
}

async function bring(
  run: MirrorRun,
  target: string,
  { located, head }: Situation,
  { sharing, postpone }: SharingOptions,
): Promise<Outcome> {
  const { to } = run;
  const { record } = located;
  const { mutable } = to.settings;
  const present = head === undefined || head.dead ? undefined : await readPresent(run, head);
  if (present !== undefined && isMirrored(run, present.record, record)) {
    if (!run.dryRun) await settleVersion(to, present.found, run.signal);
    return { action: "skipped", generation: present.generation };
  }
  const above = head === undefined || mutable
    ? undefined
    : await freeAbove(run, target, { located, head, present });
  const source = await openSource(run, located);
  if (postpone && sharesFiles(record, source.files)) return { action: "postponed" };
  const generation = (above ?? head?.generation ?? 0) + 1;
  if (run.dryRun) {
    return { action: "copied", generation, files: source.files.length, bytes: record.size };
  }
  const version = parseVersion(record.version);
  const moved = await copyFiles(run, source, record, {
    target,
    base: async () => postpone ? null : await sharing.base(version, source.files),
    badBase: sharing.forget,
    onConflict: head === undefined || !mutable ? "fail" : "overwrite",
    above,
    ifCommit: present?.record.commit,
  });
  sharing.learn(version, source.files);
  return { action: "copied", generation, ...moved };
}

/** Whether the target has the version already: the same content, of no earlier save. */
function isMirrored(run: MirrorRun, present: VersionRecord, record: VersionRecord): boolean {
  const isAgain = run.to.settings.mutable && isSavedAgain(run, present, record);
  return !isAgain && holdTheSame(present, record);
}

/** The generation that a target where nothing is replaced may be written above. Throws if the version is used there. */
async function freeAbove(
  run: MirrorRun,
  target: string,
  { located, head, present }: { located: Located; head: Head; present?: Located },
): Promise<number | undefined> {
  const above = await newestVoid(run, head, located);
  if (above === undefined) {
    const state = head.dead
      ? "the version was deleted there"
      : present !== undefined
      ? "the target has another value as this version"
      : "the number is used there, by what does not count";
    throw occupied(run.to.backend.location, `${target}@${located.record.version}`, state);
  }
  return above;
}

/** Whether a version was saved again in the source after the save that the target has: the times differ at least. */
function isSavedAgain(
  { from, to }: MirrorRun,
  present: VersionRecord,
  record: VersionRecord,
): boolean {
  const [a, b] = [originOf(to, present), originOf(from, record)];
  const isLater = Date.parse(record.createdAt) > Date.parse(present.createdAt);
  return isLater && a.registry === b.registry && a.commit !== b.commit;
}

/** The version in the target. What is damaged there is replaced where that may be. */
async function readPresent({ to, signal }: MirrorRun, head: Head): Promise<Located | undefined> {
  try {
    return await readCell(to, cellOf(head.key), { head, signal });
  } catch (error) {
    if (!to.settings.mutable || !isRegistryError(error, "Corrupt")) throw error;
  }
}

/**
 * The newest generation of a cell that holds nothing but void records of mirrors of one version; undefined for any other
 * cell. Above that generation this version may be written, also where nothing is ever replaced: nobody ever saw a value
 * there, nobody else has used the number, and what is void once is void for ever.
 */
async function newestVoid(
  { from, to, signal }: MirrorRun,
  head: Head,
  { record }: Located,
): Promise<number | undefined> {
  if (head.dead) return undefined;
  const origin = originOf(from, record);
  let newest: number | undefined;
  for await (const entry of to.backend.list(cellOf(head.key), { signal })) {
    const key = isPrefix(entry) ? undefined : parseCellKey(entry.key);
    if (isPrefix(entry) || key === undefined) continue;
    const found = await readRecord(to, entry.key, signal);
    if (found?.record.kind !== "version") return undefined;
    const own = found.record.origin;
    if (own?.registry !== origin.registry || own.commit !== origin.commit) return undefined;
    if (!await isVoid(to, found, signal)) return undefined;
    newest ??= key.generation;
  }
  return newest;
}

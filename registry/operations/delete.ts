// Deleting: writes a tombstone above the head.
import { conflict, invalid } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { encodeRecord } from "../format/record_codec.ts";
import { parseRef, type Ref } from "../../core/naming/refs.ts";
import { checkDelete } from "../../core/options/check_delete.ts";
import type { DeleteOptions, SignalOptions } from "../../core/registry.ts";
import { FIRST_VERSION, parseVersion, type Version } from "../../core/naming/versions.ts";
import { deleteAliasesOf } from "./aliases.ts";
import { listHolds, noneKnown } from "./holds.ts";
import { whileForgetting } from "../cache/cached_records.ts";
import { type KnownHead, writeCell } from "../cell/cell.ts";
import { checkWritable, type Context } from "./context.ts";
import { checkUnprotected } from "./protection.ts";
import { readHead, readRecord, type VersionHead, versionHeads } from "../cell/heads.ts";
import { cellOf, versionCell } from "../format/layout.ts";
import { settle } from "../cell/settle.ts";
import { sinceAbove } from "../cell/since.ts";
import { type Operation, startOperation } from "../cell/operation.ts";
import { locate } from "./resolve.ts";

export async function deleteRef(
  context: Context,
  text: string,
  options: DeleteOptions = {},
): Promise<boolean> {
  const { force = false, ifCommit, dryRun = false, signal } = options;
  if (!dryRun) checkWritable(context, `delete ${shown(text)}`);
  const ref = parseRef(text, options.version);
  checkDelete(ref, options, context.settings);
  if (!force) await checkUnprotected(context, { action: "delete", name: ref.name }, signal);
  if (!ref.bare) {
    const version = await versionOf(context, ref, options);
    if (version === undefined) return false;
    const cell = versionCell(ref.name, version, context.settings.versioned);
    const check = () => refuseNamed(context, ref.name, [version.canonical], { signal });
    return await deleteCell(context, cell, exactRef(ref.name, version), options, {
      check: force ? undefined : check,
    });
  }
  if (ifCommit !== undefined && context.settings.versioned) {
    const hint = "Pass the version of that commit.";
    throw invalid("delete", shown(text), "ifCommit needs a version", { hint });
  }
  const all = await Array.fromAsync(versionHeads(context, ref.name, { deleted: true, signal }));
  const dead = all.filter(({ head }) => head.dead).map(({ head }) => head.key);
  if (!dryRun) await settle(context, dead, signal);
  const heads = all.filter(({ head }) => !head.dead);
  const known = noneKnown();
  const refuse = async (found: readonly VersionHead[]) => {
    const versions = found.map(({ version }) => version.canonical);
    if (!force) await refuseNamed(context, ref.name, versions, { known, signal });
  };
  await refuse(heads);
  if (dryRun && ifCommit === undefined) return heads.length > 0;
  let deleted = false;
  for (const found of heads) {
    const exact = exactRef(ref.name, found.version);
    const check = () => refuse([found]); // it may have been named meanwhile
    const ended = await deleteCell(context, cellOf(found.head.key), exact, options, { check });
    deleted ||= ended;
  }
  if (force && !dryRun) {
    const versions = all.map(({ version }) => version.canonical);
    await deleteAliasesOf(context, ref.name, versions, signal);
  }
  return deleted;
}

/**
 * The outcome for one version: `gone` if it no longer existed, `changed` if it was written again.
 */
type ListedOutcome = "deleted" | "gone" | "changed";

/**
 * Deletes a version as it was listed, even if aliases point to it. Throws if it is unreadable:
 * nobody named it.
 */
export async function deleteListed(
  context: Context,
  name: string,
  { version, head: listed }: VersionHead,
  { signal }: SignalOptions = {},
): Promise<ListedOutcome> {
  const cell = cellOf(listed.key);
  const action = `delete ${shown(exactRef(name, version))}`;
  const operation = startOperation(context, action, signal);
  let outcome: ListedOutcome = "gone";
  const next = async (head: KnownHead | undefined) => {
    outcome = "gone";
    if (head === undefined || head.dead) return undefined;
    // throws the reason
    if (head.found === undefined) await readRecord(context, listed.key, signal);
    outcome = head.generation === listed.generation && head.found !== undefined
      ? "deleted"
      : "changed";
    return outcome === "deleted" ? tombstone(operation, head) : undefined;
  };
  await whileForgetting(context, cell, () => writeCell(context, operation, cell, { next }));
  return outcome;
}

function exactRef(name: string, { canonical }: Version): string {
  return `${name}@${canonical}`;
}

function tombstone(operation: Operation, head: KnownHead): Uint8Array {
  const since = sinceAbove(head);
  const base = operation.recordBase(head.generation + 1, head.previous);
  return encodeRecord({ ...base, by: operation.by, kind: "deleted", ...(since && { since }) });
}

/** Returns the version of a ref, if it exists. Named ones are not read: they may be damaged. */
async function versionOf(
  context: Context,
  ref: Ref,
  { dryRun, signal }: DeleteOptions,
): Promise<Version | undefined> {
  const { selector } = ref;
  if (selector.kind !== "version") {
    const located = await locate(context, ref, { ifThere: true, signal });
    return located && parseVersion(located.record.version);
  }
  const { version } = selector;
  const { versioned } = context.settings;
  if (!versioned && version.canonical !== FIRST_VERSION.canonical) return undefined;
  const head = await readHead(context, versionCell(ref.name, version, versioned), signal);
  if (head?.dead && !dryRun) await settle(context, [head.key], signal); // its writer may have died
  return head === undefined || head.dead ? undefined : version;
}

/** Throws `Conflict` if an alias or a release names one of the versions. */
async function refuseNamed(
  context: Context,
  name: string,
  versions: string[],
  options: Parameters<typeof listHolds>[2],
): Promise<void> {
  const { aliases, releases } = await listHolds(context, { name, versions }, options);
  const alias = aliases.find(({ version }) => versions.includes(version));
  const release = releases.find(({ version }) => versions.includes(version));
  const hold = alias ?? release;
  if (hold === undefined) return;
  const first = alias ? "Point the alias to another version" : "Delete the release";
  const state = alias && `the alias ${shown(alias.alias)} points to it`;
  throw conflict("delete", `"${name}@${hold.version}"`, state ?? "a release names it", {
    place: alias === undefined ? release!.release : undefined,
    hint: `${first} first, or pass force: true.`,
    reason: alias ? { kind: "held_by_alias" } : { kind: "held_by_release" },
    backend: context.backend.location,
  });
}

/** Writes a tombstone, each time after `check`; false if there is nothing to delete. */
async function deleteCell(
  context: Context,
  cell: string,
  ref: string,
  { ifCommit, dryRun, signal }: DeleteOptions,
  { check }: { check?(): Promise<void> } = {},
): Promise<boolean> {
  const operation = startOperation(context, `delete ${shown(ref)}`, signal);
  let gone: string | undefined; // an existing tombstone
  let isThere = false;
  const write = () => writeCell(context, operation, cell, { next });
  if (await whileForgetting(context, cell, write) !== undefined) return true;
  if (dryRun) return isThere;
  if (gone !== undefined) await settle(context, [gone], signal);
  return false;

  async function next(head: KnownHead | undefined): Promise<Uint8Array | undefined> {
    gone = head?.found?.info.key;
    if (head === undefined || head.dead) return undefined;
    if (ifCommit !== undefined && head.found?.record.commit !== ifCommit) {
      const subject = `${shown(ref)} of commit ${ifCommit}`;
      throw conflict("delete", subject, "it was changed after you read it", {
        hint: "Read it again, and decide whether to delete it.",
        backend: context.backend.location,
      });
    }
    await check?.();
    isThere = true;
    return dryRun ? undefined : tombstone(operation, head);
  }
}

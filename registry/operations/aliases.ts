// Aliases: names of versions that can be changed.
import { type Author, authorOf } from "../../core/naming/author.ts";
import type { ObjectInfo } from "../../core/backend.ts";
import {
  conflict,
  fault,
  invalid,
  isRegistryError,
  notFound,
  type RegistryError,
} from "../../core/errors.ts";
import { checkName, checkNewName, shown } from "../../core/naming/names.ts";
import type { AliasRecord, Origin } from "../../core/record.ts";
import { encodeRecord } from "../format/record_codec.ts";
import { checkAlias, parseRef } from "../../core/naming/refs.ts";
import type {
  AliasChange,
  AliasEntry,
  HistoryOptions,
  SetAliasOptions,
  SignalOptions,
} from "../../core/registry.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import { type KnownHead, writeCell } from "../cell/cell.ts";
import { checkWritable, type Context } from "./context.ts";
import { checkUnprotectedAlias } from "./protection.ts";
import {
  type FoundRecord,
  listHeads,
  liveHeads,
  readHead,
  readRecord,
  recordOfKind,
} from "../cell/heads.ts";
import {
  aliasCell,
  aliasesFolder,
  parseCellKey,
  parseReleasedMark,
  recordKey,
} from "../format/layout.ts";
import { settle, settleVersion } from "../cell/settle.ts";
import { startOperation } from "../cell/operation.ts";
import { aliasIn, contentCommit, isAsChecked, locate, readAlias } from "./resolve.ts";

/** The facts of a change that a mirror keeps. */
interface MirroredChange {
  origin: Origin;
  by?: Author;
}

export async function setAlias(
  context: Context,
  names: { name: string; alias: string; version: string } & Partial<MirroredChange>,
  options: SetAliasOptions & {
    /** Leaves an alias with this head. */
    stays?(head: FoundRecord): boolean;
    /** The generation to write above; `Conflict` if there is a newer one. */
    above?: number;
    /** The commit that the version must have still: that which met the conditions of a rule. */
    commit?: string;
    /** The content that met them, in an alias that is put back. */
    checked?: string;
  } = {},
): Promise<void> {
  const { name, alias, origin } = names;
  const { signal, expected, above, commit, force = false, stays } = options;
  checkWritable(context, `set alias ${shown(alias)}`);
  checkAlias(alias);
  if (origin === undefined) { // mirrors keep old ones, and follow their source
    checkNewName(alias, "alias");
    if (!force) await checkUnprotectedAlias(context, { action: "set alias", name, alias }, signal);
  }
  const { record, found } = await locate(context, parseRef(name, names.version), { signal });
  if (commit !== undefined && commit !== record.commit) throw replacedMeanwhile(name, alias);
  await settleVersion(context, found, signal); // the alias must not outlive the version
  const version = parseVersion(record.version).canonical;
  const checked = commit === undefined ? options.checked : contentCommit(record);
  const check = createCheck(context, { name, alias, expected, above, action: "set" });
  const operation = startOperation(context, `set alias "${name}@${alias}" to ${version}`, signal);
  let present: string | undefined; // a record that has this version already, or stays
  const generation = await writeCell(context, operation, aliasCell(name, alias), {
    next(head) {
      check(head);
      // Mirrors copy each change. After a repeat, a rollback would find the same version.
      const known = head?.found;
      const before = aliasOf(head);
      const isSame = origin === undefined && before?.version === version &&
        isAsChecked(before, record);
      present = isSame || known && stays?.(known) ? known?.info.key : undefined;
      if (present !== undefined) return undefined;
      const base = operation.recordBase((head?.generation ?? 0) + 1, head?.previous);
      const source = origin ? { origin, by: names.by } : { by: operation.by };
      return encodeRecord({ ...base, ...source, kind: "alias", name, alias, version, checked });
    },
  });
  if (generation === undefined && present !== undefined) await settle(context, [present], signal);
  if (commit === undefined || !context.settings.mutable) return;
  // An overwrite that began before may have ended since: it looks at the aliases again, too.
  const now = await locate(context, parseRef(name, version), { ifThere: true, signal });
  if (now?.record.commit === commit) return;
  if (generation !== undefined) await putBack(context, { name, alias, version }, signal);
  throw replacedMeanwhile(name, alias);
}

function replacedMeanwhile(name: string, alias: string): RegistryError {
  const state = "the version was replaced meanwhile";
  return conflict("set alias", shown(`${name}@${alias}`), state, {
    hint: "Set it again: then the new content is checked.",
  });
}

/** Gives an alias of this version the one before it, or deletes it if there is none. */
export async function putBack(
  context: Context,
  { name, alias, version: expected }: { name: string; alias: string; version: string },
  signal?: AbortSignal,
): Promise<void> {
  const settings = { expected, force: true, signal };
  const changes = aliasRecords(context, { name, alias }, { limit: 2, signal });
  const [, before] = await Array.fromAsync(changes);
  const { version, checked } = before?.record ?? {};
  const isThere = version &&
    await locate(context, parseRef(name, version), { ifThere: true, signal });
  if (isThere) await setAlias(context, { name, alias, version }, { ...settings, checked });
  else await deleteAlias(context, { name, alias }, settings);
}

export async function deleteAlias(
  context: Context,
  { name, alias }: { name: string; alias: string },
  { expected, force = false, signal }: SetAliasOptions = {},
): Promise<boolean> {
  checkWritable(context, `delete alias ${shown(alias)}`);
  checkName(name);
  checkAlias(alias);
  if (!force) await checkUnprotectedAlias(context, { action: "delete alias", name, alias }, signal);
  const operation = startOperation(context, `delete alias "${name}@${alias}"`, signal);
  const check = createCheck(context, { name, alias, expected, action: "delete" });
  let gone: string | undefined; // an existing tombstone
  const generation = await writeCell(context, operation, aliasCell(name, alias), {
    next(head) {
      check(head);
      gone = head?.found?.info.key;
      if (head === undefined || head.dead) return undefined;
      const base = operation.recordBase(head.generation + 1, head.previous);
      return encodeRecord({ ...base, by: operation.by, kind: "deleted" });
    },
  });
  if (generation === undefined && gone !== undefined) await settle(context, [gone], signal);
  return generation !== undefined;
}

/** Deletes aliases of versions that were deleted with their name. Their history stays. */
export async function deleteAliasesOf(
  context: Context,
  name: string,
  versions: readonly string[],
  signal?: AbortSignal,
): Promise<void> {
  const keep = (error: unknown) => { // it was set meanwhile, or is damaged
    if (!isRegistryError(error, "Conflict", "Corrupt")) throw error;
  };
  try {
    for await (const { alias, version } of listAliases(context, name, { signal })) {
      if (!versions.includes(version)) continue;
      const settings = { expected: version, force: true, signal };
      await deleteAlias(context, { name, alias }, settings).catch(keep);
    }
  } catch (error) {
    keep(error);
  }
}

/** Versions of aliases by the key of their record. */
export type KnownAliases = Map<string, string>;

interface ListAliasesOptions extends SignalOptions {
  known?: KnownAliases;
  /** Gets the releases that may have versions of this name as members. */
  releases?: MarkedReleases;
}

export interface MarkedReleases {
  names: Set<string>;
  /** True if there may be others: an early program wrote the mark. */
  hasMore: boolean;
}

/** Lists the aliases of a name. */
export async function* listAliases(
  context: Context,
  name: string,
  options: SignalOptions = {},
): AsyncGenerator<AliasEntry> {
  for await (const { alias, version } of aliasesWithKeys(context, name, options)) {
    yield { alias, version };
  }
}

/** An alias, and the key of its newest record: as long as that is the same, its history is. */
export interface KeyedAlias extends AliasEntry {
  key: string;
}

/**
 * Lists the aliases of a name. Records never change, so it reads only those that are not in
 * `known`, and adds them.
 */
export async function* aliasesWithKeys(
  context: Context,
  name: string,
  { known = new Map(), releases, signal }: ListAliasesOptions = {},
): AsyncGenerator<KeyedAlias> {
  checkName(name);
  const isMark = ({ key, size }: ObjectInfo) => {
    const mark = parseReleasedMark(key);
    if (mark?.release !== undefined) releases?.names.add(mark.release);
    else if (mark !== undefined && size === 0 && releases) releases.hasMore = true;
    return mark !== undefined;
  };
  for await (const head of liveHeads(context, aliasesFolder(name), { isMark, signal })) {
    const alias = parseCellKey(head.key)?.label;
    if (alias === undefined) continue;
    const heads = new Map([[aliasCell(name, alias), head]]);
    const version = known.get(head.key) ??
      (await readAlias(context, name, alias, signal, heads))?.version;
    if (version === undefined) continue;
    known.set(head.key, version);
    yield { alias, version, key: head.key };
  }
}

function aliasOf(head: KnownHead | undefined): AliasRecord | undefined {
  return head === undefined || head.dead || head.found === undefined
    ? undefined
    : recordOfKind(head.found, "alias");
}

/**
 * Throws `Conflict` if an alias does not point to the expected version (null: none), or was changed
 * after the generation `above`.
 */
function createCheck(
  { backend }: Context,
  { name, alias, expected, above, action }: {
    name: string;
    alias: string;
    expected?: string | null;
    above?: number;
    action: string;
  },
): (head: KnownHead | undefined) => void {
  const wanted = typeof expected === "string" ? parseVersion(expected).canonical : expected;
  return (head) => {
    const now = aliasOf(head)?.version ?? null;
    const isOther = above !== undefined && head?.generation !== above;
    if (!isOther && (wanted === undefined || wanted === now)) return;
    const subject = `alias "${name}@${alias}"`;
    const state = isOther
      ? "it was changed meanwhile"
      : `it points to ${now ?? "nothing"}, not to ${wanted ?? "nothing"} as expected`;
    const hint = "Read the aliases again, and decide whether your change still applies.";
    throw fault({ code: "Conflict", action, subject, state, hint, backend: backend.location });
  };
}

export async function* aliasHistory(
  context: Context,
  names: { name: string; alias: string },
  options?: HistoryOptions,
): AsyncGenerator<AliasChange> {
  for await (const { object, record } of aliasRecords(context, names, options)) {
    yield { ...(record && { version: record.version }), ...factsOf(object) };
  }
}

/** Yields the records of an alias, newest first. A deletion has no `record`. */
async function* aliasRecords(
  context: Context,
  { name, alias }: { name: string; alias: string },
  { after, limit = Infinity, signal }: HistoryOptions = {},
): AsyncGenerator<{ object: FoundRecord; record?: AliasRecord }> {
  checkName(name);
  checkAlias(alias);
  if (after !== undefined && !(Number.isSafeInteger(after) && after > 0)) {
    throw invalid("continue after", shown(after), "not a generation", {
      hint: "Pass the `generation` of a change, or the `next` of a page.",
    });
  }
  const cell = aliasCell(name, alias);
  const from = after === undefined ? undefined : recordKey(cell, after);
  let count = 0;
  for await (const listed of listHeads(context, cell, { after: from, signal })) {
    if (count >= limit) return;
    const object = await readRecord(context, listed, signal);
    if (object === undefined) continue; // not a record of this alias
    count++;
    const isSet = object.record.kind !== "deleted";
    yield { object, ...(isSet && { record: aliasIn(object, name, alias) }) };
  }
  if (count > 0 || limit <= 0 || after && await readHead(context, cell, signal)) return;
  throw neverSet(context, name, alias);
}

function factsOf({ record, info }: FoundRecord): Omit<AliasChange, "version"> {
  const { commit, generation, createdAt } = record;
  const by = authorOf(record);
  const changedAt = new Date(info.modifiedAt);
  return { commit, generation, changedAt, createdAt: new Date(createdAt), ...(by && { by }) };
}

function neverSet({ backend }: Context, name: string, alias: string): RegistryError {
  return notFound("list the history of", `"${name}@${alias}"`, "no such alias ever existed", {
    hint: `List the aliases with registry.aliases(${shown(name)}).`,
    reason: { kind: "alias_unknown", name },
    backend: backend.location,
  });
}

// Resolving a ref to its record.
import { type Fault, RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { AliasRecord, VersionRecord } from "../../core/record.ts";
import { corruptRecord } from "../format/record_codec.ts";
import type { Ref } from "../../core/naming/refs.ts";
import { FIRST_VERSION, parseVersion } from "../../core/naming/versions.ts";
import type { Version, VersionRange } from "../../core/naming/versions.ts";
import type { Context } from "./context.ts";
import {
  type FoundRecord,
  type Head,
  headIn,
  liveHeads,
  type Located,
  misplaced,
  readHead,
  readRecord,
  recordOfKind,
  versionHeads,
} from "../cell/heads.ts";
import { aliasCell, cellOf, nameFolder, versionCell, versionsFolder } from "../format/layout.ts";
import { compareWithStore } from "../cache/cached_records.ts";
import { isVoid } from "../cell/voids.ts";
import { isProtected } from "./protection.ts";

interface Locating {
  /** Returns undefined if there is no such version. Missing aliases throw all the same. */
  ifThere?: boolean;
  signal?: AbortSignal;
}

/** Returns the record of a ref. Throws `NotFound`, naming the missing part. */
export function locate(
  context: Context,
  ref: Ref,
  options?: Locating & { ifThere?: false },
): Promise<Located>;
export function locate(context: Context, ref: Ref, options: Locating): Promise<Located | undefined>;
export async function locate(
  context: Context,
  ref: Ref,
  { ifThere = false, signal }: Locating = {},
): Promise<Located | undefined> {
  const { name, selector } = ref;
  const located = selector.kind === "version"
    ? await readVersion(context, cellOfVersion(context, name, selector.version), { signal })
    : selector.kind === "alias"
    ? await locateAlias(context, name, selector.alias, signal)
    : selector.kind === "latest"
    ? await locateLatest(context, name, signal)
    : await locateInRange(context, name, selector.range, signal);
  if (context.cache !== undefined) {
    const cell = selector.kind === "version"
      ? cellOfVersion(context, name, selector.version)
      : located?.cell;
    if (cell !== undefined) await compareWithStore(context, cell, located);
  }
  if (located !== undefined || ifThere) return located;
  if (selector.kind === "version") {
    throw await versionNotFound(context, name, selector.version, signal);
  }
  throw absent(context, {
    subject: shown(name),
    hint: "Check the name, or list them: registry.names() and registry.versions(name).",
    ...(selector.kind === "range"
      ? {
        state: `it has no version in ${shown(selector.text)}`,
        reason: { kind: "version_missing", name },
      }
      : { state: "no such name", reason: { kind: "name_missing" } }),
  });
}

/** The `NotFound` of a ref. */
class Absent extends RegistryError {
  /** The missing ref, unless the call names it. */
  missing?: Ref;
}

/** True for the `NotFound` of a ref, but not for one of the caller's own code. */
export function isAbsent(error: unknown): error is Absent {
  return error instanceof Absent;
}

/** Returns the error of a save whose input does not exist. */
export function absentInput(
  error: Absent,
  { name, ref, missing }: { name: string; ref: string; missing: Ref },
): Absent {
  const { code, hint, reason, backend } = error;
  const state = `its input ${shown(ref)} was not found: ${error.state}`;
  const fields = { code, action: "save", subject: shown(name), state, hint, reason, backend };
  return Object.assign(new Absent(fields), { missing });
}

/** Returns an error of a ref's member as one for which {@linkcode isAbsent} is true. */
export function asAbsent(
  { code, action, subject, state, hint, reason }: RegistryError,
): RegistryError {
  return new Absent({ code, action: action!, subject, state: state!, hint, reason });
}

function absent(
  { backend }: Context,
  words: { subject: string } & Pick<Fault, "state" | "hint" | "reason">,
): RegistryError {
  return new Absent({ code: "NotFound", action: "find", ...words, backend: backend.location });
}

/** Returns the newest version in a range. */
async function locateInRange(
  context: Context,
  name: string,
  range: VersionRange,
  signal?: AbortSignal,
): Promise<Located | undefined> {
  for (let passes = 0, isGone = true; isGone && passes < 2; passes++) {
    isGone = false; // what replaced a removed version may be newer than the listing
    for await (const { head } of versionHeads(context, name, { range, signal })) {
      const located = await readVersion(context, cellOf(head.key), { head, signal });
      if (located !== undefined) return located;
      isGone = true; // removed or void: try the next
    }
  }
}

/** Returns the newest release, usually the first entry of its folder. */
async function locateLatest(
  context: Context,
  name: string,
  signal?: AbortSignal,
): Promise<Located | undefined> {
  const folder = versionsFolder(name);
  const first = await readHead(context, folder, signal);
  if (first === undefined) return undefined;
  if (!first.dead) {
    const located = await readVersion(context, cellOf(first.key), { head: first, signal });
    if (located !== undefined) return located; // otherwise removed or void, which is rare
  }
  for await (const head of liveHeads(context, folder, { signal })) {
    const located = await readVersion(context, cellOf(head.key), { head, signal });
    if (located !== undefined) return located;
  }
}

async function locateAlias(
  context: Context,
  name: string,
  alias: string,
  signal?: AbortSignal,
): Promise<Located> {
  let before: string | undefined; // the commit of an alias whose version was not found
  for (let heads = await headsFrom(context, name, alias, signal);; heads = undefined) {
    const record = await readAlias(context, name, alias, signal, heads);
    if (record === undefined) {
      throw absent(context, {
        subject: `"${name}@${alias}"`,
        state: `${shown(name)} has no such alias`,
        hint: `Set it with registry.setAlias(${shown(name)}, ${shown(alias)}, version), or check ` +
          "the spelling.",
        reason: { kind: "alias_missing", name, alias },
      });
    }
    const { version, commit } = record;
    const cell = cellOfVersion(context, name, parseVersion(version));
    const located = await readVersion(context, cell, { head: heads?.get(cell ?? ""), signal });
    if (heads && located && !heads.has(located.cell)) noteFar(context, aliasCell(name, alias));
    if (located && isAsChecked(record, located.record)) return located;
    if (commit === before) {
      if (located && !await isProtected(context, { name, alias }, signal)) return located;
      throw await danglingAlias(context, record, located !== undefined, signal);
    }
    before = commit; // the alias may have moved before the version was deleted or overwritten
  }
}

/** Identifies the content of a version, also in mirrors. */
export function contentCommit({ commit, origin }: VersionRecord): string {
  return origin?.commit ?? commit;
}

/**
 * Returns false if an alias was set to content that met the conditions of a rule, and the version
 * has other content now. A promotion beside an overwrite leaves that behind if one of them is killed
 * before it has checked again.
 */
export function isAsChecked({ checked }: AliasRecord, version: VersionRecord): boolean {
  const { commit, restored = [] } = version;
  if (checked === undefined || [commit, contentCommit(version)].includes(checked)) return true;
  return restored.some((deletion) => deletion.commit === checked);
}

/** Listed heads, by cell. */
type Heads = ReadonlyMap<string, Head>;

/** Entries of a list that begins at an alias: enough for the versions of most names. */
const NEARBY = 200;

/** Aliases that a process remembers as far. */
const MOST_FAR = 10_000;

function noteFar({ farAliases }: Context, cell: string): void {
  if (farAliases.size >= MOST_FAR) farAliases.clear(); // each costs one longer list again
  farAliases.add(cell);
}

/**
 * Lists the heads from an alias to the versions of its name, by cell; undefined where that must not
 * or need not be done.
 *
 * The order in which a store reads the keys of one list is not known, so a version may be seen
 * before the alias. That is enough for versions that are never overwritten: if one is missing or
 * deleted, both are read again.
 */
async function headsFrom(
  { backend, settings, farAliases }: Context,
  name: string,
  alias: string,
  signal?: AbortSignal,
): Promise<Heads | undefined> {
  const after = aliasCell(name, alias);
  const isStable = settings.versioned && !settings.mutable;
  if (!isStable || backend.getFirst !== undefined || farAliases.has(after)) return undefined;
  const heads = new Map<string, Head>();
  for await (const entry of backend.list(nameFolder(name), { after, limit: NEARBY, signal })) {
    const head = headIn(entry), cell = head && cellOf(head.key);
    if (cell !== undefined && !heads.has(cell)) heads.set(cell, head!);
  }
  return heads;
}

/** Returns the error of an alias whose version was deleted or overwritten. */
async function danglingAlias(
  context: Context,
  { name, alias, version }: AliasRecord,
  isReplaced: boolean,
  signal?: AbortSignal,
): Promise<RegistryError> {
  const cell = versionCell(name, parseVersion(version), context.settings.versioned);
  const head = isReplaced ? undefined : await readHead(context, cell, signal);
  const state = isReplaced
    ? "was overwritten after it had met the conditions of a rule"
    : head === undefined
    ? "does not exist"
    : head.dead
    ? "was deleted"
    : "has expired";
  return absent(context, {
    subject: `"${name}@${alias}"`,
    state: `the alias points to version ${version}, which ${state}`,
    hint: `Point it to another version with registry.setAlias(${shown(name)}, ${shown(alias)}, ` +
      `version), or delete it with registry.deleteAlias(${shown(name)}, ${shown(alias)}).`,
    reason: { kind: "alias_dangling", name, alias },
  });
}

/** Returns the record of an alias, at first by listed heads; undefined if missing. */
export async function readAlias(
  context: Context,
  name: string,
  alias: string,
  signal?: AbortSignal,
  heads?: Heads,
): Promise<AliasRecord | undefined> {
  const cell = aliasCell(name, alias);
  for (let key = "";; heads = undefined) {
    const head = heads ? heads.get(cell) : await readHead(context, cell, signal);
    if (head === undefined || head.dead) return undefined;
    const object = await readRecord(context, head, signal);
    if (object !== undefined) return aliasIn(object, name, alias);
    if (head.key === key) throw corruptRecord(key, "it is listed but missing");
    key = head.key; // removed after the listing, so there is a newer one
  }
}

/** Returns an alias record. Throws for that of another alias. */
export function aliasIn(object: FoundRecord, name: string, alias: string): AliasRecord {
  const record = recordOfKind(object, "alias");
  if (record.name !== name || record.alias !== alias) throw misplaced(object.info.key, record);
  return record;
}

/** Returns the cell of a version; undefined if a registry without versions cannot have it. */
export function cellOfVersion(
  { settings: { versioned } }: Pick<Context, "settings">,
  name: string,
  version: Version,
): string | undefined {
  const mayBe = versioned || version.canonical === FIRST_VERSION.canonical;
  return mayBe ? versionCell(name, version, versioned) : undefined;
}

/**
 * Returns the version record of a cell; undefined if it is deleted, void, or was never written.
 * Readers take no locks: a record that was garbage collected meanwhile has a newer head.
 */
export async function readVersion(
  context: Context,
  cell: string | undefined,
  options: { head?: Head; signal?: AbortSignal },
): Promise<Located | undefined> {
  if (cell === undefined) return undefined;
  const { voids } = context;
  const { signal } = options;
  const known = options.head !== undefined && !voids.has(options.head.key);
  let head = known ? options.head : await readHead(context, cell, signal, voids);
  for (let key = "";; head = await readHead(context, cell, signal, voids)) {
    if (head === undefined || head.dead) return undefined;
    const object = await readRecord(context, head, signal);
    const scrubbed = object?.record.kind === "scrubbed";
    if (object !== undefined && !scrubbed) {
      if (object.record.kind === "deleted") return undefined;
      const record = recordOfKind(object, "version");
      checkPlace(context, record, head.key, cell);
      if (await isVoid(context, object, signal)) continue; // read the head that counts
      return { cell, generation: head.generation, head, found: object, record };
    }
    if (head.key === key) {
      if (scrubbed) return undefined;
      throw corruptRecord(key, "it is listed but missing");
    }
    key = head.key;
  }
}

/** Throws `Corrupt` for a record in a cell of another name or version. */
function checkPlace(
  context: Context,
  { name, version }: VersionRecord,
  key: string,
  cell: string,
): void {
  if (versionCell(name, parseVersion(version), context.settings.versioned) === cell) return;
  throw corruptRecord(key, `it belongs to ${shown(`${name}@${version}`)}`);
}

export async function versionNotFound(
  context: Context,
  name: string,
  version: Version,
  signal?: AbortSignal,
): Promise<RegistryError> {
  const cell = versionCell(name, version, context.settings.versioned);
  const head = await readHead(context, cell, signal);
  if (head?.dead) await readRecord(context, head.key, signal); // throws if it is damaged
  return absent(context, {
    subject: `"${name}@${version.canonical}"`,
    ...(head?.dead
      ? {
        state: "it was deleted",
        hint: `Restore it while its files are there: registry.undelete(${
          shown(`${name}@${version.canonical}`)
        }).`,
        reason: { kind: "version_deleted", name, version: version.canonical },
      }
      : {
        state: "no such version",
        hint: `List the versions with registry.versions(${shown(name)}).`,
        reason: { kind: "version_missing", name },
      }),
  });
}

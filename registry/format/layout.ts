// Makes and parses storage keys. FORMAT.md describes them byte by byte. Notes of extensions have theirs beside them.
import { invalid } from "../../core/errors.ts";
import { decodeName, encodeName, encodeNamePrefix, shown } from "../../core/naming/names.ts";
import { decodeOrder, FIRST_VERSION, type Version } from "../../core/naming/versions.ts";
import { itemAt } from "../../core/faults/present.ts";

const MAX_KEY_BYTES = 900;

export const SETTINGS = "settings/";
/** Records of versions, aliases, notes and idempotency keys. */
export const NAMES = "names/";
/** Payload. */
export const OBJECTS = "objects/";
export const SCRATCH = "scratch/";
export const UPLOADS = "uploads/";
/** Ledgers and tables of mirrors. */
export const MIRRORS = "mirrors/";
/** Tables and notes of maintenance. */
export const GARBAGE_NOTES = "gc/";
export const DRAFTS = "drafts/";
export const LINEAGE = "lineage/";
/** Folders that readers do not need, and those reserved for later releases. */
export const AUXILIARY: readonly string[] = [
  ...[SCRATCH, UPLOADS, MIRRORS, GARBAGE_NOTES, DRAFTS, LINEAGE],
  ...["sets/", "signatures/", "chunks/"],
];
/** The file that a long upload writes into its payload folder. */
export const ALIVE = ".alive";

const RECORD = ".rec";
const MAX_GENERATION = Number.MAX_SAFE_INTEGER;
/** The order segment of the only value of a name, and of payload whose version is not known yet. */
export const UNVERSIONED = "_";

/** Returns the segment of a version: newest first, or `_` in a registry without versions. */
export function orderSegment(version: Version, versioned: boolean): string {
  return versioned ? version.order : UNVERSIONED;
}

/** Returns the folder of all records of a name. */
export function nameFolder(name: string): string {
  return `${NAMES}${encodeName(name)}/`;
}

export function namesPrefix(prefix: string): string {
  return NAMES + encodeNamePrefix(prefix);
}

/** Returns `names/<name>/versions/`. Listing it with limit 1 gives the newest version. */
export function versionsFolder(name: string): string {
  return `${nameFolder(name)}versions/`;
}

export function versionKindFolder(name: string, kind: "final" | "prerelease" | "single"): string {
  return `${versionsFolder(name)}${kind}/`;
}

export function versionCell(name: string, version: Version, versioned: boolean): string {
  if (!versioned) return `${versionKindFolder(name, "single")}${UNVERSIONED}/`;
  return checked(
    `${versionKindFolder(name, version.prerelease ? "prerelease" : "final")}${version.order}/`,
  );
}

export function aliasesFolder(name: string): string {
  return `${nameFolder(name)}aliases/`;
}

export function aliasCell(name: string, alias: string): string {
  return checked(`${aliasesFolder(name)}${encodeName(alias)}/`);
}

export function notesFolder(name: string): string {
  return `${nameFolder(name)}notes/`;
}

export function noteCell(name: string, version: Version | undefined, versioned: boolean): string {
  const order = version === undefined ? OF_NAME : orderSegment(version, versioned);
  return checked(`${notesFolder(name)}${order}/`);
}

/** No version has this order. */
const OF_NAME = "name";

/** Returns the key of the mark of a name whose versions may be members of a release. */
export function releasedMark(name: string, release: string): string {
  return `${aliasesFolder(name)}${RELEASED}.${encodeName(release)}/mark`;
}

/**
 * Returns the key of the mark that early programs wrote. If it is empty, releases without a mark of
 * their own may have members.
 */
export function earlyReleasedMark(name: string): string {
  return `${aliasesFolder(name)}${RELEASED}/mark`;
}

export interface ReleaseMark {
  name: string;
  /** Absent in the mark of early programs. */
  release?: string;
}

/** Parses the key of a mark; undefined for other keys. */
export function parseReleasedMark(key: string): ReleaseMark | undefined {
  const [top, segment = "", folder, mark = "", end, ...more] = key.split("/");
  const name = decodeName(segment);
  const isMark = `${top}/` === NAMES && folder === "aliases" && end === "mark" && more.length === 0;
  if (!isMark || name === undefined) return undefined;
  if (mark === RELEASED) return { name };
  const release = mark.startsWith(`${RELEASED}.`)
    ? decodeName(mark.slice(RELEASED.length + 1))
    : undefined;
  return release === undefined ? undefined : { name, release };
}

/** No alias has a segment that begins with it. */
const RELEASED = ".released";

/** Returns the folder of the idempotency keys of a name. */
export function keysFolder(name: string): string {
  return `${nameFolder(name)}keys/`;
}

/** Returns the cell of an idempotency key. */
export function keyCell(name: string, key: string): string {
  return checked(`${keysFolder(name)}${encodeName(key)}/`);
}

/** Returns the cell that a record key is in. */
export function cellOf(recordKey: string): string {
  return recordKey.slice(0, recordKey.lastIndexOf("/") + 1);
}

/** Returns the folder of all tables in a folder of a source. No name begins with a dot. */
export function mirrorTablesFolder(source: string): string {
  return `${source}.names/`;
}

/** The folder of the notes of `verify`. No name has its segment. */
export const READINGS = `${GARBAGE_NOTES}.verified/`;

/** Replaces the order segment if a ref has no version. */
export const UNPINNED = "any";

/** Returns the folder of the outputs of an input. `order` is a version's, or `UNPINNED`. */
export function lineageFolder(name: string, order: string): string {
  return `${LINEAGE}${encodeName(name)}/${order}/`;
}

/** Returns `lineage/<input>/<its order>/<name>/<order>.<commit>`, at most 848 bytes. */
export function lineageKey(folder: string, name: string, { order, commit }: PayloadPlace): string {
  return `${folder}${encodeName(name)}/${order}.${commit}`;
}

export interface LineageKey {
  name: string;
  version: Version;
  commit: string;
}

/** Parses a key of `lineage/`; undefined if no registry wrote it. */
export function parseLineageKey(key: string): LineageKey | undefined {
  const [top, input = "", inputOrder = "", segment = "", file = "", ...more] = key.split("/");
  const [order = "", commit = "", ...rest] = file.split(".");
  const name = decodeName(segment), version = decodeSegment(order);
  const isOurs = `${top}/` === LINEAGE && more.length === 0 && rest.length === 0 &&
    ID.test(commit) && decodeName(input) !== undefined &&
    (inputOrder === UNPINNED || decodeSegment(inputOrder) !== undefined);
  return isOurs && name !== undefined && version !== undefined
    ? { name, version, commit }
    : undefined;
}

/** Returns the version of an order segment. */
export function decodeSegment(order: string): Version | undefined {
  return order === UNVERSIONED ? FIRST_VERSION : decodeOrder(order);
}

export function recordKey(cell: string, generation: number): string {
  return `${cell}${String(MAX_GENERATION - generation).padStart(16, "0")}${RECORD}`;
}

/** Returns the folder of all payload of a name. */
export function objectsFolder(name: string): string {
  return `${OBJECTS}${encodeName(name)}/`;
}

/** Returns the payload folder of a commit: `objects/<name>/<order>/<commit>/`. */
export function payloadFolder(name: string, place: PayloadPlace): string {
  return checked(`${objectsFolder(name)}${encodePlace(place)}/`);
}

/** Returns the key of an object in the payload at `place`, the `from` of a record. */
export function payloadKey(name: string, place: string, object: number): string {
  return `${objectsFolder(name)}${place}/${object}`;
}

export interface PayloadPlace {
  /** The version's order segment, or `_`. */
  order: string;
  commit: string;
}

export function encodePlace({ order, commit }: PayloadPlace): string {
  return `${order}/${commit}`;
}

/** Parses the `from` of a record, whose form was checked when the record was read. */
export function parsePlace(from: string): PayloadPlace {
  const [order = "", commit = ""] = from.split("/");
  return { order, commit };
}

export interface PayloadKey extends PayloadPlace {
  /** The name's segment, encoded. */
  name: string;
  file: string;
}

/** Parses a key of `objects/`; undefined if no registry wrote it. */
export function parsePayloadKey(key: string): PayloadKey | undefined {
  const [top, name = "", order = "", commit = "", file, ...more] = key.split("/");
  if (`${top}/` !== OBJECTS || file === undefined || more.length > 0) return undefined;
  const isOurs = decodeName(name) !== undefined && decodeSegment(order) !== undefined &&
    ID.test(commit) && (file === ALIVE || COUNT.test(file));
  return isOurs ? { name, order, commit, file } : undefined;
}

/** Returns the cell of the version that payload belongs to; undefined for a part of a draft. */
export function payloadCell({ name, order }: PayloadKey, versioned: boolean): string | undefined {
  const decoded = decodeName(name);
  const version = versioned ? decodeOrder(order) : decodeSegment(order);
  return decoded === undefined || version === undefined
    ? undefined
    : versionCell(decoded, version, versioned);
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const COUNT = /^(0|[1-9]\d*)$/;

/** Returns true for keys that interrupted uploads, collections and probes leave behind. */
export function isLeftover(key: string): boolean {
  const [top, folder = "", file, ...more] = key.split("/");
  if (`${top}/` === UPLOADS) return ID.test(folder) && COUNT.test(file ?? "") && more.length === 0;
  if (`${top}/` !== SCRATCH) return false;
  const kind = file === undefined ? MARK : PROBE;
  return folder.startsWith(kind) && ID.test(folder.slice(kind.length));
}

const MARK = "mark-";
const PROBE = "probe-";

/** Returns the key of a mark, whose time is the store's clock. */
export function markKey(id: string): string {
  return `${SCRATCH}${MARK}${id}`;
}

export function isMark(key: string): boolean {
  return key.startsWith(SCRATCH + MARK) && isLeftover(key);
}

export function probeFolder(id: string): string {
  return `${SCRATCH}${PROBE}${id}/`;
}

/** Returns the key of an object of an upload. Throws `Invalid` for an invalid upload id. */
export function uploadKey(id: string, file: number): string {
  if (ID.test(id)) return `${UPLOADS}${id}/${file}`;
  throw invalid("use", `${shown(id)} as an upload`, "invalid upload id", {
    hint: "Pass the id that `begin` of the uploads returned.",
  });
}

/** Returns the place of a part's payload: its version is not known yet. */
export function draftPlace(commit: string): PayloadPlace {
  return { order: UNVERSIONED, commit };
}

export function isCommitId(text: unknown): text is string {
  return typeof text === "string" && ID.test(text);
}

/** The key of a record of a name. */
export interface CellKey {
  name: string;
  /** The folder of the record, with its `/`. */
  cell: string;
  /** `key` is an idempotency key of a save. */
  kind: "version" | "alias" | "key" | "note";
  /** Of a version, or of its notes. */
  version?: Version;
  /** The alias, or the idempotency key. */
  label?: string;
  generation: number;
}

/** Parses a record key of `names/`; undefined if no registry wrote it. */
export function parseCellKey(key: string): CellKey | undefined {
  const segments = key.split("/");
  const [top, encoded = "", folder, group = "", order = ""] = segments;
  const name = top === "names" ? decodeName(encoded) : undefined;
  const generation = parseGeneration(itemAt(segments, -1));
  if (name === undefined || generation === undefined) return undefined;
  const cell = cellOf(key);
  if (folder === "versions" && segments.length === 6) {
    const version = versionOf(group, order);
    return version === undefined ? undefined : { name, cell, kind: "version", version, generation };
  }
  if (segments.length === 5 && isNoteOf(folder, group)) {
    return { name, cell, kind: "note", version: decodeSegment(group), generation };
  }
  const label = segments.length === 5 ? decodeName(group) : undefined;
  if (label === undefined || (folder !== "aliases" && folder !== "keys")) return undefined;
  return { name, cell, kind: folder === "aliases" ? "alias" : "key", label, generation };
}

function isNoteOf(folder: string | undefined, order: string): boolean {
  return folder === "notes" && (order === OF_NAME || decodeSegment(order) !== undefined);
}

/** Returns the version of a cell's last two segments; undefined if they do not match. */
function versionOf(folder: string, order: string): Version | undefined {
  if (folder === "single") return order === UNVERSIONED ? FIRST_VERSION : undefined;
  const version = decodeOrder(order);
  const kind = version?.prerelease ? "prerelease" : "final";
  return folder === kind ? version : undefined;
}

export function parseGeneration(file: string): number | undefined {
  const match = /^(\d{16})\.rec$/.exec(file);
  const generation = match === null ? 0 : MAX_GENERATION - Number(match[1]);
  return generation >= 1 ? generation : undefined;
}

/** Returns the first key after everything in a folder, given with its `/`. */
export function afterFolder(folder: string): string {
  return `${folder.slice(0, -1)}0`; // "0" is the character after "/"
}

/** Returns a key that leaves 64 bytes for its suffix. Throws `Invalid` for a longer one. */
export function checked(key: string): string {
  if (key.length <= MAX_KEY_BYTES - 64) return key;
  throw invalid("store", `"${key}"`, `key is too long (${key.length} bytes)`, {
    hint: "Use a shorter name, version or alias.",
    key,
  });
}

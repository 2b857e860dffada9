// Every storage key, and back. FORMAT.md describes the same byte by byte.
import { fault } from "../../core/errors.ts";
import { decodeName, encodeName, encodeNamePrefix, shown } from "../../core/naming/names.ts";
import { decodeOrder, FIRST_VERSION, type Version } from "../../core/naming/versions.ts";

/** Longest key, bytes. */
const MAX_KEY_BYTES = 900;

export const SETTINGS = "settings/";
export const NAMES = "names/";
export const OBJECTS = "objects/";
export const SCRATCH = "scratch/";
export const UPLOADS = "uploads/";
const MIRRORS = "mirrors/";
export const JANITOR = "janitor/";
export const DRAFTS = "drafts/";
export const LINEAGE = "lineage/";
/** Says that all of {@linkcode LINEAGE} is there; no name has this segment. */
export const LINEAGE_WHOLE = `${LINEAGE}.whole`;
/** Where there is nothing that a reader needs, and what is kept for later releases. */
export const AUXILIARY: readonly string[] = [
  ...[SCRATCH, UPLOADS, MIRRORS, JANITOR, DRAFTS, LINEAGE],
  ...["sets/", "signatures/", "chunks/"],
];
/** Written into a payload folder by an upload that takes long. */
export const ALIVE = ".alive";

const RECORD = ".rec";
const MAX_GENERATION = Number.MAX_SAFE_INTEGER;
const UNVERSIONED = "_";

/** The segment of the cell's version: newest first, or the only one. */
export function orderSegment(version: Version, versioned: boolean): string {
  return versioned ? version.order : UNVERSIONED;
}

export function nameFolder(name: string): string {
  return `${NAMES}${encodeName(name)}/`;
}

export function namesPrefix(prefix: string): string {
  return NAMES + encodeNamePrefix(prefix);
}

/** `names/<name>/versions/`; one list of it with limit 1 gives the newest. */
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

export function keysFolder(name: string): string {
  return `${nameFolder(name)}keys/`;
}

export function keyCell(name: string, key: string): string {
  return checked(`${keysFolder(name)}${encodeName(key)}/`);
}

export function cellOf(recordKey: string): string {
  return recordKey.slice(0, recordKey.lastIndexOf("/") + 1);
}

/** What a mirror of another registry's name into a name here found equal: `mirrors/<registry>/<name>/<its name there>`. */
export function mirrorKey(registry: string, name: string, source: string): string {
  return `${MIRRORS}${registry}/${encodeName(name)}/${encodeName(source)}`;
}

/** What the janitor has read of a name, which is given as its encoded segment. */
export function janitorKey(name: string): string {
  return `${JANITOR}${name}`;
}

/** In place of an order, where a ref says no version. */
export const UNPINNED = "any";

/** Where it is noted what is made from a version, given as its order segment, or from one that nobody can tell. */
export function lineageFolder(name: string, order: string): string {
  return `${LINEAGE}${encodeName(name)}/${order}/`;
}

/** `lineage/<input>/<its order>/<name>/<order>.<commit>`, at most 848 bytes. */
export function lineageKey(folder: string, name: string, { order, commit }: PayloadPlace): string {
  return `${folder}${encodeName(name)}/${order}.${commit}`;
}

/** A key of {@linkcode lineageKey} taken apart: what is made, not what it is made from. */
export interface LineageKey {
  name: string;
  version: Version;
  commit: string;
}

/** Takes a key of `lineage/` apart; undefined for what no registry has put there. */
export function parseLineageKey(key: string): LineageKey | undefined {
  const [top, input = "", inputOrder = "", segment = "", file = "", ...more] = key.split("/");
  const [order, commit = "", ...rest] = file.split(".");
  const name = decodeName(segment), version = decodeSegment(order);
  if (`${top}/` !== LINEAGE || more.length > 0 || rest.length > 0 || !ID.test(commit)) {
    return undefined;
  }
  if (
    decodeName(input) === undefined ||
    (inputOrder !== UNPINNED && decodeSegment(inputOrder) === undefined)
  ) return;
  return name === undefined || version === undefined ? undefined : { name, version, commit };
}

function decodeSegment(order: string): Version | undefined {
  return order === UNVERSIONED ? FIRST_VERSION : decodeOrder(order);
}

export function recordKey(cell: string, generation: number): string {
  return `${cell}${String(MAX_GENERATION - generation).padStart(16, "0")}${RECORD}`;
}

export function objectsFolder(name: string): string {
  return `${OBJECTS}${encodeName(name)}/`;
}

/** The payload folder of a commit: `objects/<name>/<order>/<commit>/`. */
export function payloadFolder(name: string, place: PayloadPlace): string {
  return checked(`${objectsFolder(name)}${encodePlace(place)}/`);
}

/** An object of a payload whose folder is at this place, as a record's `from` holds it. */
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

/** A payload's place from a record's `from`, whose form was checked when the record was read. */
export function parsePlace(from: string): PayloadPlace {
  const [order, commit] = from.split("/");
  return { order, commit };
}

export interface PayloadKey extends PayloadPlace {
  /** The name's segment, encoded. */
  name: string;
  file: string;
}

/** Takes a key of `objects/` apart; undefined for what no registry has put there. */
export function parsePayloadKey(key: string): PayloadKey | undefined {
  const [top, name, order, commit, file, ...more] = key.split("/");
  if (`${top}/` !== OBJECTS || file === undefined || more.length > 0) return undefined;
  if (decodeName(name) === undefined || !ID.test(commit) || !(file === ALIVE || COUNT.test(file))) {
    return undefined;
  }
  return order === UNVERSIONED || decodeOrder(order) !== undefined
    ? { name, order, commit, file }
    : undefined;
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const COUNT = /^(0|[1-9]\d*)$/;

/** Whether a key is one that direct uploads, janitors and probes leave behind where they do not end well. */
export function isLeftover(key: string): boolean {
  const [top, folder = "", file, ...more] = key.split("/");
  if (`${top}/` === UPLOADS) return ID.test(folder) && COUNT.test(file) && more.length === 0;
  if (`${top}/` !== SCRATCH) return false;
  const kind = file === undefined ? MARK : PROBE;
  return folder.startsWith(kind) && ID.test(folder.slice(kind.length));
}

const MARK = "mark-";
const PROBE = "probe-";

export function markKey(id: string): string {
  return `${SCRATCH}${MARK}${id}`;
}

export function isMark(key: string): boolean {
  return key.startsWith(SCRATCH + MARK) && isLeftover(key);
}

export function probeFolder(id: string): string {
  return `${SCRATCH}${PROBE}${id}/`;
}

/** Where a file of a direct upload arrives. Throws `Invalid` for what cannot be the id of one. */
export function uploadKey(id: string, file: number): string {
  if (ID.test(id)) return `${UPLOADS}${id}/${file}`;
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${shown(id)} as an upload`,
    state: "it is not the id of one",
    hint: "Pass what createUpload returned.",
  });
}

/** Where the payload of a part is: its version is not known yet. */
export function draftPlace(commit: string): PayloadPlace {
  return { order: UNVERSIONED, commit };
}

export function isCommitId(text: unknown): text is string {
  return typeof text === "string" && ID.test(text);
}

export interface CellKey {
  name: string;
  cell: string;
  kind: "version" | "alias" | "key";
  version?: Version;
  label?: string;
  generation: number;
}

/** Takes a record key of `names/` apart; undefined for what no registry has put there. */
export function parseCellKey(key: string): CellKey | undefined {
  const segments = key.split("/");
  const name = segments[0] === "names" ? decodeName(segments[1] ?? "") : undefined;
  const generation = parseGeneration(segments.at(-1)!);
  if (name === undefined || generation === undefined) return undefined;
  const cell = cellOf(key);
  if (segments[2] === "versions" && segments.length === 6) {
    const version = versionOf(segments[3], segments[4]);
    return version === undefined ? undefined : { name, cell, kind: "version", version, generation };
  }
  const label = segments.length === 5 ? decodeName(segments[3]) : undefined;
  if (label === undefined || (segments[2] !== "aliases" && segments[2] !== "keys")) {
    return undefined;
  }
  return { name, cell, kind: segments[2] === "aliases" ? "alias" : "key", label, generation };
}

/** What a key is of, as people name it: a version, an alias, or only a name; undefined where no name has it. */
export function refOfKey(key: string): string | undefined {
  const record = parseCellKey(key);
  if (record !== undefined) {
    const { name, kind, version, label } = record;
    return kind === "key" ? name : `${name}@${version?.canonical ?? label}`;
  }
  const payload = parsePayloadKey(key);
  const name = payload && decodeName(payload.name);
  const version = payload && decodeOrder(payload.order);
  return version === undefined ? name : `${name}@${version.canonical}`;
}

/** The version of a cell's last two segments, where they fit together. */
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

/** The key that comes after everything in a folder (given with its `/`). */
export function afterFolder(folder: string): string {
  return `${folder.slice(0, -1)}0`; // "0" is the character after "/"
}

/** Returns a key that is short enough; throws `Invalid` for any other. */
export function checked(key: string): string {
  if (key.length <= MAX_KEY_BYTES - 64) return key; // room for what is put behind it
  throw fault({
    code: "Invalid",
    action: "store",
    subject: `"${key}"`,
    state: `the key would be too long (${key.length} bytes)`,
    hint: "Use a shorter name, version or alias.",
    key,
  });
}

// Keys and encoding of the stored objects of a draft: its parts and its marks. See FORMAT.md,
// section 6.1.
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { StoredFile } from "../../../core/record.ts";
import { encodeFiles } from "../../format/record_codec.ts";
import { filesProblem } from "../../format/record_shape.ts";
import { isJsonObject, parsedJson } from "../../../core/text/json_text.ts";
import { checked, DRAFTS, isCommitId } from "../../format/layout.ts";
import { decodeName, encodeName } from "../../../core/naming/names.ts";

export interface PartNote {
  name: string;
  draft: string;
  part: string;
  /** Start of the operation, or renewal of its upload, by the store's clock. */
  startedAt: string;
  /** `parts` are objects of its payload, `inline` are bytes after the note. */
  files: StoredFile[];
}

type PartName = Pick<PartNote, "name" | "draft" | "part">;

const NEWLINE = 10;
const DIGEST_CHARACTERS = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Encodes a part: the SHA-256 of the rest, a newline, a line of JSON, the inline bytes. */
export async function encodePart(
  { files, ...note }: PartNote,
  inline: readonly Uint8Array[],
): Promise<Uint8Array> {
  const head = encoder.encode(`${JSON.stringify(note).slice(0, -1)},"files":`);
  const list = await encodeFiles(files);
  return withDigest(concatBytes([head, list, encoder.encode("}\n"), ...inline]));
}

function withDigest(body: Uint8Array): Uint8Array {
  return concatBytes([encoder.encode(`${sha256(body)}\n`), body]);
}

/** Returns the bytes after a correct digest; undefined if they are damaged. */
function checkedBody(bytes: Uint8Array): Uint8Array | undefined {
  const body = bytes.subarray(DIGEST_CHARACTERS + 1);
  const digest = decoder.decode(bytes.subarray(0, DIGEST_CHARACTERS + 1));
  return digest === `${sha256(body)}\n` ? body : undefined;
}

/** Decodes a part and its inline bytes; undefined if it is damaged or another part. */
export async function decodePart(
  bytes: Uint8Array,
  of: PartName,
): Promise<{ note: PartNote; inline: Uint8Array } | undefined> {
  const body = checkedBody(bytes);
  const lineEnd = body?.indexOf(NEWLINE) ?? -1;
  if (body === undefined || lineEnd < 0) return undefined;
  const note = parsedJson(decoder.decode(body.subarray(0, lineEnd)));
  if (!isJsonObject(note)) return undefined;
  const { name, draft, part, startedAt, files } = note;
  const inline = body.subarray(lineEnd + 1);
  const isOf = name === of.name && draft === of.draft && part === of.part;
  if (!isOf || typeof startedAt !== "string" || Number.isNaN(Date.parse(startedAt))) {
    return undefined;
  }
  const problem = await filesProblem(files, sizeOfFiles(files), inline.byteLength);
  if (problem !== undefined) return undefined;
  return { note: note as unknown as PartNote, inline };
}

/** The end of a draft. The committed parts and their commits are in the order of encoded names. */
export type DraftEnd = { state: "committed"; parts: [part: string, commit: string][] } | {
  state: "discarded";
};

export function encodeMark(mark: DraftEnd | { state: "ending" }): Uint8Array {
  return withDigest(encoder.encode(JSON.stringify(mark)));
}

/** Size of the end of a discarded draft, bytes. Others are longer. */
export const DISCARDED_BYTES: number = encodeMark({ state: "discarded" }).byteLength;

export function decodeEnd(bytes: Uint8Array): DraftEnd | undefined {
  const body = checkedBody(bytes);
  const end = body && parsedJson(decoder.decode(body));
  if (!isJsonObject(end)) return undefined;
  const { state, parts } = end;
  if (state === "discarded") return { state };
  return state === "committed" && areParts(parts) ? { state, parts } : undefined;
}

function areParts(parts: unknown): parts is [string, string][] {
  const isPart = (entry: unknown) =>
    Array.isArray(entry) && entry.length === 2 && typeof entry[0] === "string" &&
    isCommitId(entry[1]);
  return Array.isArray(parts) && parts.length > 0 && parts.every(isPart);
}

/** Returns the declared size of files, before they are checked. */
function sizeOfFiles(files: unknown): number {
  if (!Array.isArray(files)) return 0;
  return files.reduce((sum, file) => sum + (typeof file?.size === "number" ? file.size : 0), 0);
}

export function draftFolder(name: string, id: string): string {
  return `${DRAFTS}${encodeName(name)}/${encodeName(id)}/`;
}

/** Returns `drafts/<name>/<id>/<part>/<commit>`. */
export function draftPartKey(folder: string, part: string, commit: string): string {
  return checked(`${folder}${encodeName(part)}/`) + commit;
}

/** Returns the key of the object that decides how a draft ends. */
export function draftEndKey(folder: string): string {
  return `${folder}${END}`;
}

/** Returns the key of the object that closes a draft. It starts with {@linkcode draftEndKey}. */
export function draftEndingKey(folder: string): string {
  return `${folder}${ENDING}`;
}

const END = ".end";
const ENDING = `${END}ing`;

/** An object of a draft: a part, as one commit added it, or a mark. */
export interface DraftEntry {
  /** Absent in a mark. */
  added?: { part: string; commit: string };
  /** Absent in a part. */
  mark?: "ending" | "end";
}

export interface DraftKey extends DraftEntry {
  /** The name's segment, encoded. */
  name: string;
  /** The segment of its id, encoded. */
  draft: string;
}

export function parseDraftKey(key: string): DraftKey | undefined {
  const [top, name = "", draft = "", ...entry] = key.split("/");
  if (`${top}/` !== DRAFTS || decodeName(name) === undefined || decodeName(draft) === undefined) {
    return undefined;
  }
  const entryKey = parseDraftEntry(entry.join("/"));
  return entryKey && { name, draft, ...entryKey };
}

/** Parses a key below the folder of a draft; undefined for a foreign key. */
export function parseDraftEntry(key: string): DraftEntry | undefined {
  const [segment = "", commit, ...more] = key.split("/");
  if (segment === END && commit === undefined) return { mark: "end" };
  if (segment === ENDING && commit === undefined) return { mark: "ending" };
  const part = decodeName(segment);
  if (part === undefined || commit === undefined || !isCommitId(commit) || more.length > 0) {
    return undefined;
  }
  return { added: { part, commit } };
}

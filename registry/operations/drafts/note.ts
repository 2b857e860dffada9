// The stored objects of a draft, one for each added part, and its marks: their keys and their
// bytes. See FORMAT.md, section 6.1.
import { sha256 } from "../../../core/bytes/digest.ts";
import type { StoredFile } from "../../../core/record.ts";
import { filesProblem } from "../../format/record_shape.ts";
import { isJsonObject } from "../../../core/text/json_text.ts";
import { checked, DRAFTS, isCommitId } from "../../format/layout.ts";
import { decodeName, encodeName } from "../../../core/naming/names.ts";

export interface PartNote {
  name: string;
  draft: string;
  part: string;
  /** When it was begun, or its upload renewed, by the store's clock. */
  startedAt: string;
  /** Its files; `parts` are objects of its payload, `inline` are bytes behind the note. */
  files: StoredFile[];
}

export type PartName = Pick<PartNote, "name" | "draft" | "part">;

const NEWLINE = 10;
const SUM_CHARACTERS = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A part as it is stored: the SHA-256 of what follows the newline, the newline, a line of JSON, the inline bytes. */
export function encodePart(note: PartNote, inline: readonly Uint8Array[]): Uint8Array {
  const line = encoder.encode(`${JSON.stringify(note)}\n`);
  const size = inline.reduce((sum, { byteLength }) => sum + byteLength, line.byteLength);
  const bytes = new Uint8Array(SUM_CHARACTERS + 1 + size);
  let offset = SUM_CHARACTERS + 1;
  for (const piece of [line, ...inline]) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  bytes.set(encoder.encode(`${sha256(bytes.subarray(SUM_CHARACTERS + 1))}\n`));
  return bytes;
}

/** What a stored part says, and its inline bytes; undefined where it is damaged, or that of another part. */
export function decodePart(
  bytes: Uint8Array,
  of: PartName,
): { note: PartNote; inline: Uint8Array } | undefined {
  const body = bytes.subarray(SUM_CHARACTERS + 1);
  const lineEnd = body.indexOf(NEWLINE);
  if (
    decoder.decode(bytes.subarray(0, SUM_CHARACTERS + 1)) !== `${sha256(body)}\n` || lineEnd < 0
  ) return undefined;
  const note = parsed(body.subarray(0, lineEnd));
  if (!isJsonObject(note)) return undefined;
  const { name, draft, part, startedAt, files } = note;
  const inline = body.subarray(lineEnd + 1);
  const isOf = name === of.name && draft === of.draft && part === of.part;
  if (!isOf || typeof startedAt !== "string" || Number.isNaN(Date.parse(startedAt))) {
    return undefined;
  }
  if (filesProblem(files, sizeOfFiles(files), inline.byteLength) !== undefined) return undefined;
  return { note: note as unknown as PartNote, inline };
}

/** How a draft ended: discarded, or committed with these parts and the commits that added them, ordered by encoded name. */
export type DraftEnd = { state: "committed"; parts: [part: string, commit: string][] } | {
  state: "discarded";
};

export function encodeMark(mark: DraftEnd | { state: "ending" }): Uint8Array {
  const text = JSON.stringify(mark);
  return encoder.encode(`${sha256(text)}\n${text}`);
}

/** Size of the end of a discarded draft, bytes. The end of a committed one is longer, because it has parts. */
export const DISCARDED_BYTES: number = encodeMark({ state: "discarded" }).byteLength;

/** Decodes how a draft ended; undefined if the object is damaged. */
export function decodeEnd(bytes: Uint8Array): DraftEnd | undefined {
  const body = bytes.subarray(SUM_CHARACTERS + 1);
  if (decoder.decode(bytes.subarray(0, SUM_CHARACTERS + 1)) !== `${sha256(body)}\n`) {
    return undefined;
  }
  const end = parsed(body);
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

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

/** Bytes of files, as far as they say; what is wrong with them is found after that. */
function sizeOfFiles(files: unknown): number {
  if (!Array.isArray(files)) return 0;
  return files.reduce((sum, file) => sum + (typeof file?.size === "number" ? file.size : 0), 0);
}

export function draftFolder(name: string, id: string): string {
  return `${DRAFTS}${encodeName(name)}/${encodeName(id)}/`;
}

/** A part of a draft as one commit added it: `drafts/<name>/<id>/<part>/<commit>`. */
export function draftPartKey(folder: string, part: string, commit: string): string {
  return checked(`${folder}${encodeName(part)}/`) + commit;
}

/** The object that decides how a draft ends. */
export function draftEndKey(folder: string): string {
  return `${folder}${END}`;
}

/** The object after which no part of a draft is acknowledged. Its key begins with {@linkcode draftEndKey}. */
export function draftEndingKey(folder: string): string {
  return `${folder}${ENDING}`;
}

const END = ".end";
const ENDING = `${END}ing`;

export interface DraftKey {
  name: string;
  draft: string;
  /** Which part, and the commit that added it; absent in a mark. */
  added?: { part: string; commit: string };
  /** Which mark of the draft it is; absent in a part. */
  mark?: "ending" | "end";
}

/** Parses a key below `drafts/`; undefined for a key that no registry writes. */
export function parseDraftKey(key: string): DraftKey | undefined {
  const [top, name = "", draft = "", segment = "", commit, ...more] = key.split("/");
  if (`${top}/` !== DRAFTS || decodeName(name) === undefined || decodeName(draft) === undefined) {
    return undefined;
  }
  if (segment === END && commit === undefined) return { name, draft, mark: "end" };
  if (segment === ENDING && commit === undefined) return { name, draft, mark: "ending" };
  const part = decodeName(segment);
  if (part === undefined || commit === undefined || !isCommitId(commit) || more.length > 0) {
    return undefined;
  }
  return { name, draft, added: { part, commit } };
}

// Lists of files in pages: the objects of a tree, sorted by path. FORMAT.md (3.1) describes them.
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import { itemAt } from "../../core/faults/present.ts";
import type { FilePage, StoredFile, VersionRecord } from "../../core/record.ts";
import { isJsonObject } from "../../core/text/json_text.ts";
import { filesProblem, isListPart, isNumber } from "./record_shape.ts";

/** Limits of the pages that a writer makes. Readers accept any pages. */
export interface PageLimits {
  /** Longest list that is not divided, bytes. */
  readonly listBytes: number;
  /**
   * A page begins with a path whose SHA-256 is a multiple of this number, if the page before has at
   * least half as many files; and at the latest after four times as many.
   */
  readonly files: number;
  /** Longest page of files, unless it has one file, and longest page of pages, bytes. */
  readonly pageBytes: number;
  readonly indexBytes: number;
}

export const PAGE_LIMITS: PageLimits = {
  listBytes: 4 * 1024 * 1024,
  files: 1024,
  pageBytes: 1024 * 1024,
  indexBytes: 512 * 1024,
};

/** Longest page that is read, bytes. */
export const MAX_PAGE_BYTES: number = 16 * 1024 * 1024;

/** Facts of a page that do not depend on where it is stored. */
export type PageFacts = Pick<FilePage, "first" | "files" | "bytes">;

/** A page that is written: its facts and its bytes. */
export interface PageToStore extends PageFacts {
  content: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Divides the files of a version, which come sorted by path, into pages. */
export async function* dividedFiles(
  slices: AsyncIterable<readonly StoredFile[]>,
  limits: PageLimits,
): AsyncGenerator<readonly StoredFile[]> {
  let page: StoredFile[] = [];
  let bytes = 0;
  for await (const some of slices) {
    for (const file of some) {
      const length = lengthOf(file);
      if (page.length > 0 && endsBefore(file, page.length, bytes + length, limits)) {
        yield page;
        page = [];
        bytes = 0;
      }
      page.push(file);
      bytes += length;
    }
  }
  if (page.length > 0) yield page;
}

function endsBefore(
  { path }: StoredFile,
  count: number,
  bytes: number,
  limits: PageLimits,
): boolean {
  if (count >= limits.files * 4 || bytes > limits.pageBytes) return true;
  if (count < limits.files / 2) return false;
  return Number.parseInt(sha256(path).slice(0, 8), 16) % limits.files === 0;
}

/** Characters of an entry without paths, and of a part, at most as usual. */
const ENTRY = 250, PART = 120;

function lengthOf({ path, parts = [] }: StoredFile): number {
  return ENTRY + path.length + PART * Math.max(parts.length - 1, 0);
}

/** The members of a file in the order in which a page has them; unknown ones follow. */
const FILE_MEMBERS = [
  "path",
  "size",
  "sha256",
  "mediaType",
  "mode",
  "modifiedAt",
  "encoding",
  "from",
  "parts",
  "chunks",
  "values",
  "inline",
] as const;

/**
 * Encodes a page of files for a folder: `<order>/<commit>`, or undefined for that of the record.
 * Parts without `from` are in the folder of their page.
 */
export function encodePage(files: readonly StoredFile[], folder?: string): PageToStore {
  const rows = files.map((file) => {
    const known = FILE_MEMBERS.map((member) => [member, file[member]]);
    const row = { ...Object.fromEntries(known), ...file };
    if (folder !== undefined && file.from === folder) row.from = undefined;
    return row;
  });
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const content = encoder.encode(JSON.stringify(rows));
  return { first: itemAt(files, 0).path, files: files.length, bytes, content };
}

/** Divides pages into pages of the level above, which have the places of those below. */
export function dividedPages(pages: readonly FilePage[], limits: PageLimits): PageToStore[] {
  const levels: FilePage[][] = [[]];
  let length = 0;
  for (const page of pages) {
    const its = JSON.stringify(page).length + 1;
    if (length + its > limits.indexBytes && levels.at(-1)!.length >= 2) { // or it would not end
      levels.push([]);
      length = 0;
    }
    levels.at(-1)!.push(page);
    length += its;
  }
  return levels.map((some) => ({
    first: itemAt(some, 0).first,
    files: some.reduce((sum, { files }) => sum + files, 0),
    bytes: some.reduce((sum, { bytes }) => sum + bytes, 0),
    content: encoder.encode(JSON.stringify(some)),
  }));
}

/** Facts of a page that the page above states. */
export interface ExpectedPage {
  sha256: string;
  /** Path of the first file; undefined for the first page. */
  first?: string;
  /** Path of the first file of the next page, if there is one. */
  next?: string;
  files: number;
  bytes: number;
}

/** Returns the files of a page, or what is wrong with it. */
export async function parsePage(
  content: Uint8Array,
  expected: ExpectedPage,
): Promise<StoredFile[] | string> {
  const files = parseRows(content, expected);
  if (typeof files === "string") return files;
  const problem = await filesProblem(files, expected.bytes);
  if (problem !== undefined) return problem;
  const page = files as unknown as StoredFile[];
  if (page.length !== expected.files) return `it has ${page.length} files, not ${expected.files}`;
  return orderProblem(page.map(({ path }) => path), expected) ?? page;
}

/** Returns the pages of a page of pages, or what is wrong with it. */
export function parseIndex(content: Uint8Array, expected: ExpectedPage): FilePage[] | string {
  const rows = parseRows(content, expected);
  if (typeof rows === "string") return rows;
  if (!rows.every(isPage)) return "an entry is not a page";
  const pages = rows as unknown as FilePage[];
  const files = pages.reduce((sum, { files }) => sum + files, 0);
  if (files !== expected.files) return `its pages have ${files} files, not ${expected.files}`;
  const bytes = pages.reduce((sum, { bytes }) => sum + bytes, 0);
  if (bytes !== expected.bytes) return `its files have ${bytes} bytes, not ${expected.bytes}`;
  return orderProblem(pages.map(({ first }) => first), expected) ?? pages;
}

function parseRows(content: Uint8Array, expected: ExpectedPage): unknown[] | string {
  if (sha256(content) !== expected.sha256) return "SHA-256 does not match";
  let rows: unknown;
  try {
    rows = JSON.parse(decoder.decode(content));
  } catch {
    return "it is not JSON"; // the parser's message would quote it
  }
  return Array.isArray(rows) && rows.length > 0 ? rows : "it is not a list with an entry";
}

function isPage(page: unknown): boolean {
  if (!isJsonObject(page) || !isListPart(page) || page.size > MAX_PAGE_BYTES) return false;
  const { first, files, bytes } = page as Partial<FilePage>;
  return typeof first === "string" && isNumber(files, 1) && isNumber(bytes);
}

function orderProblem(
  paths: readonly string[],
  { first = paths[0]!, next }: ExpectedPage,
): string | undefined {
  if (paths[0] !== first) return `it begins with ${JSON.stringify(paths[0])}`;
  const wrong = paths.findIndex((path, at) => at > 0 && compareUtf8(paths[at - 1]!, path) >= 0);
  if (wrong > 0) return `${JSON.stringify(paths[wrong])} is not in order`;
  if (next === undefined || compareUtf8(paths.at(-1)!, next) < 0) return undefined;
  return `${JSON.stringify(paths.at(-1))} belongs to a later page`;
}

/** Returns the page that has a path, if any has. */
export function pageWith(pages: readonly FilePage[], path: string): number {
  let low = 0, high = pages.length; // the first page that begins after the path
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareUtf8(itemAt(pages, middle).first, path) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Returns the files of a page with the folder of each, if it is not that of the record. */
export function placedFiles(files: StoredFile[], folder: string, own: string): StoredFile[] {
  if (folder === own) return files;
  for (const file of files) {
    if (file.from === undefined && (file.parts ?? file.chunks) !== undefined) file.from = folder;
  }
  return files;
}

/** True if the list of files of a record is in pages. */
export function isPaged({ fileList }: Pick<VersionRecord, "fileList">): boolean {
  return fileList?.levels !== undefined;
}

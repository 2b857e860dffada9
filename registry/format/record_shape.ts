// Validates the members of a record before they are used: the checksum detects only accidental
// changes.
import { MAX_FILE_LIST_BYTES } from "../../core/calls/file_limit.ts";
import { nameProblem } from "../../core/naming/names.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import { isJsonObject, opensFew } from "../../core/text/json_text.ts";
import { slicesInTurns } from "../../core/work/next_turn.ts";

type Fields = Record<string, unknown>;

/** The deepest nesting that is read. Metadata is written up to 100 deep. */
const MAX_DEPTH = 128;

interface SizedFile {
  size: number;
  encoding?: string;
  inline?: [offset: number, length: number];
  parts?: { size: number }[];
}

/** The format of a version with its list of files in pages. Programs without it refuse the version. */
export const PAGED_FORMAT = "holdfast/1-pages";
/** The format of a version with files that are stored by values. Programs without it refuse it, too. */
export const VALUES_FORMAT = "holdfast/1-values";
/** Most files of a chain that are stored by values: a file, its base, and so on. */
export const MAX_CHAIN = 8;
/** Most levels above the files: more than any list needs. */
export const MAX_LEVELS = 64;

const COMMIT = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const MAX_KIND_LENGTH = 64;
const PLACE = /^[a-z0-9_]+\/[0-9a-f-]{36}$/;

interface RecordSource {
  /** Inline bytes of the record. @default Infinity, which is enough for all files */
  inlineBytes?: number;
  /** The text of the record. Its count of brackets mostly shows that nesting is not too deep. */
  text?: string;
}

/** Returns what is wrong with a record of a known kind, or undefined. Ignores unknown members. */
export function recordProblem(
  record: { kind: string },
  { inlineBytes = Infinity, text }: RecordSource = {},
): string | undefined {
  const fields = record as unknown as Fields;
  const isShallow = text !== undefined && opensFew(text, MAX_DEPTH);
  if (!isShallow && isTooDeep(fields)) return "nesting is too deep";
  if (!areTexts(fields.kind) || record.kind.length > MAX_KIND_LENGTH) return "invalid kind";
  if (!isNumber(fields.generation, 1)) return "generation is not a positive integer";
  if (!isCommit(fields.commit)) return "commit is not a UUID";
  if (!isAbsentOr(fields.previous, isCommit)) return "previous commit is not a UUID";
  const { startedAt, createdAt, since } = fields;
  if (!isDate(startedAt) || !isDate(createdAt) || !isAbsentOr(since, isDate)) return "invalid time";
  if (!isAbsentOr(fields.origin, isOrigin)) return "invalid origin";
  return problemOfKind(fields, inlineBytes);
}

function problemOfKind(fields: Fields, inlineBytes: number): string | undefined {
  switch (fields.kind) {
    case "version":
      return versionProblem(fields, inlineBytes);
    case "deleted":
    case "scrubbed":
      return isAbsentOr(fields.digest, isDigest) ? undefined : "digest is not a SHA-256";
    case "alias":
      return isAlias(fields) ? undefined : "invalid alias";
    case "note":
      return isNote(fields) ? undefined : "invalid notes";
    case "key":
      return isKey(fields) ? undefined : "invalid idempotency key";
    case "settings":
      if (!isSettings(fields.settings)) return "invalid settings";
      return isGeneration(fields) ? undefined : "settings have no registry id";
  }
}

/** Returns what is wrong with a list of files of `bytes` bytes in total, or undefined. */
export async function filesProblem(
  files: unknown,
  bytes: number,
  inlineBytes = Infinity,
): Promise<string | undefined> {
  const check = new FilesCheck(inlineBytes);
  for await (const some of slicesInTurns(Array.isArray(files) ? files : [])) {
    const problem = isTooDeep(some) ? "nesting is too deep" : check.add(some);
    if (problem !== undefined) return problem;
  }
  return check.end(files, bytes);
}

function shallowFilesProblem(
  files: unknown,
  bytes: number,
  inlineBytes: number,
): string | undefined {
  const check = new FilesCheck(inlineBytes);
  return check.add(Array.isArray(files) ? files : []) ?? check.end(files, bytes);
}

/** A check of a list of files, some at a time. */
class FilesCheck {
  readonly #inlineBytes: number;
  readonly #paths = new Set<string>();
  #count = 0;
  #bytes = 0;

  constructor(inlineBytes: number) {
    this.#inlineBytes = inlineBytes;
  }

  /** Returns what is wrong with the next files, or undefined. */
  add(files: readonly unknown[]): string | undefined {
    for (const file of files as (SizedFile & { path: string })[]) {
      const at = this.#count++;
      if (!isStoredFile(file)) return `file ${at} is invalid`;
      if (!areSizesEqual(file, this.#inlineBytes)) {
        return `size of file ${at} does not match its stored bytes`;
      }
      this.#paths.add(file.path);
      this.#bytes += file.size;
    }
  }

  /** Returns what is wrong with the whole list, or undefined. */
  end(files: unknown, bytes: number): string | undefined {
    if (!Array.isArray(files)) return "files are not a list";
    if (this.#paths.size < this.#count) return "two files have the same path";
    return this.#bytes === bytes ? undefined : `files do not have ${bytes} bytes in total`;
  }
}

/** Returns true if the stored size of a file is plausible. Reading verifies the stored bytes. */
function areSizesEqual(
  { size, encoding, inline, parts = [] }: SizedFile,
  inlineBytes: number,
): boolean {
  const [offset, length] = inline ?? [0, 0];
  if (offset + length > inlineBytes) return false;
  const stored = inline === undefined ? sum(parts) : length;
  // Longer stored bytes are not a plausible compression of `size` bytes.
  return encoding === undefined ? stored === size : stored <= 2 * size + 64 * 1024;
}

function sum(sized: readonly { size: number }[]): number {
  return sized.reduce((all, { size }) => all + size, 0);
}

function versionProblem(fields: Fields, inlineBytes: number): string | undefined {
  const { name, version, materializer, metadata, inputs, fileList, digest, size, key, restored } =
    fields;
  if (!isName(name) || !isOneVersion(version)) return "invalid name or version";
  if (!isMaterializer(materializer)) return "invalid materializer";
  if (!isJsonObject(metadata) || !isDigest(digest) || !isNumber(size)) {
    return "metadata, digest or size is missing";
  }
  if (!isAbsentOr(inputs, areInputs)) return "inputs are not a list of refs";
  if (!isAbsentOr(key, areTexts)) return "idempotency key is not a string";
  if (!isAbsentOr(restored, areRestored)) return "restored is not a list of deletions";
  const isPaged = isJsonObject(fileList) && fileList.levels !== undefined;
  if (fields.format !== VALUES_FORMAT) {
    const hasValues = Array.isArray(fields.files) &&
      fields.files.some((file) => file?.values !== undefined);
    if (isPaged !== (fields.format === PAGED_FORMAT) || hasValues) {
      return "its list of files does not have its format";
    }
  }
  return fileList === undefined
    ? shallowFilesProblem(fields.files, size as number, inlineBytes)
    : fileListProblem(fileList, fields.files);
}

function fileListProblem(fileList: unknown, files: unknown): string | undefined {
  if (!isListPart(fileList)) return "invalid list of files";
  const { levels, files: count } = fileList as Fields;
  if (levels !== undefined && !(isNumber(levels, 1) && levels as number <= MAX_LEVELS)) {
    return "invalid levels of pages of files";
  }
  if (levels !== undefined && !isNumber(count, 1)) return "invalid number of files";
  if (!Array.isArray(files) || files.length > 0) {
    return "files are both in the record and in a list";
  }
  if (fileList.size > MAX_FILE_LIST_BYTES) return "list of files is too long";
}

function isStoredFile(file: unknown): boolean {
  if (
    !isJsonObject(file) || !areTexts(file.path) || !isNumber(file.size) || !isDigest(file.sha256)
  ) {
    return false;
  }
  const { mode = "", mediaType = "", modifiedAt } = file;
  if (!isEncoded(file)) return false;
  return areTexts(mode, mediaType) && isAbsentOr(modifiedAt, isDate) && isPlaced(file);
}

/** Returns true if the encoding is known, and a file has what it needs. */
function isEncoded({ encoding, values, parts }: Fields, chain = 0): boolean {
  if (encoding !== "values") {
    const isKnown = encoding === undefined || encoding === "gzip" || encoding === "zstd";
    return isKnown && values === undefined;
  }
  if (chain >= MAX_CHAIN || !Array.isArray(parts) || !isJsonObject(values)) return false;
  const { groups, base, step } = values;
  if (!isListPart(groups) || !isAbsentOr(step, (some) => isNumber(some, 1))) return false;
  return isAbsentOr(base, (some) => isBase(some, chain + 1));
}

/** Returns true for a file that another is made from: all of its parts have their places. */
function isBase(base: unknown, chain: number): boolean {
  if (!isJsonObject(base) || !isNumber(base.size) || !isDigest(base.sha256)) return false;
  const { encoding, parts, chunks, values } = base;
  if (encoding === "gzip" || encoding === "zstd" || !isEncoded(base, chain)) return false;
  if (!isPlaced({ parts, chunks }) || !Array.isArray(parts)) return false;
  const { groups } = (values ?? {}) as Fields;
  const all = [...parts, ...chunks ? [chunks] : [], ...groups ? [groups] : []];
  return all.every((part) => (part as Fields).from !== undefined) &&
    areSizesEqual(base as unknown as SizedFile, Infinity);
}

/** Returns true if the stored bytes are in one place: in the record, in objects, or nowhere. */
function isPlaced({ inline, parts, from, chunks }: Fields): boolean {
  if (!isAbsentOr(chunks, isListPart)) return false;
  if (inline !== undefined) {
    return parts === undefined && Array.isArray(inline) && inline.length === 2 &&
      inline.every((value) => isNumber(value));
  }
  if (parts === undefined) return true;
  return Array.isArray(parts) && parts.every((part) => isJsonObject(part) && isPart(part)) &&
    isPlace(from);
}

function isPart({ object, offset = 0, size, sha256, from }: Fields): boolean {
  if (!isNumber(object) || !isNumber(offset) || !isNumber(size) || !isPlace(from)) return false;
  return isNumber((offset as number) + (size as number)) && isAbsentOr(sha256, isDigest);
}

export function isListPart(part: unknown): part is { size: number } {
  return isJsonObject(part) && isPart(part) && part.sha256 !== undefined;
}

function isPlace(from: unknown): boolean {
  return from === undefined || isMatch(from, PLACE);
}

/** Returns true for a ref, or an object of a ref and a digest. Does not parse the ref. */
export function isInput(input: unknown): boolean {
  if (!isJsonObject(input)) return typeof input === "string";
  return areTexts(input.ref) && isAbsentOr(input.digest, isDigest);
}

function areInputs(inputs: unknown): boolean {
  return Array.isArray(inputs) && inputs.every(isInput);
}

function isMaterializer(materializer: unknown): boolean {
  return isJsonObject(materializer) && areTexts(materializer.id) &&
    isNumber(materializer.formatVersion, 1);
}

function isKey({ name, key, target, existing, aliases = [] }: Fields): boolean {
  if (!isAbsentOr(existing, isCommit) || !isName(name) || !isName(key) || !isJsonObject(target)) {
    return false;
  }
  const isHead = (pair: unknown) => Array.isArray(pair) && areTexts(pair[0]) && isNumber(pair[1]);
  if (!Array.isArray(aliases) || !aliases.every(isHead)) return false;
  return isOneVersion(target.version) && isNumber(target.generation, 1);
}

function isNote({ name, version, notes, labels }: Fields): boolean {
  return isName(name) && isAbsentOr(version, isOneVersion) && isAbsentOr(notes, areTexts) &&
    isJsonObject(labels);
}

function isAlias({ name, alias, version }: Fields): boolean {
  return areTexts(name, alias) && isOneVersion(version);
}

function areRestored(restored: unknown): boolean {
  return Array.isArray(restored) &&
    restored.every((deletion) =>
      isJsonObject(deletion) && isCommit(deletion.commit) && isDate(deletion.deletedAt) &&
      isDate(deletion.restoredAt)
    );
}

function isOrigin(origin: unknown): boolean {
  return isJsonObject(origin) && isMatch(origin.registry, COMMIT) && isMatch(origin.commit, COMMIT);
}

function isSettings(settings: unknown): boolean {
  if (!isJsonObject(settings)) return false;
  const { versioned, mutable, graceMs, leastGraceMs, locking, rules } = settings;
  if (typeof versioned !== "boolean" || typeof mutable !== "boolean") return false;
  if (locking !== undefined && locking !== "link" && locking !== "file") return false;
  // Later releases may write other rules: `isUnknownRule` finds them.
  if (!isAbsentOr(rules, (list) => Array.isArray(list) && list.every(isJsonObject))) return false;
  return isNumber(leastGraceMs, 1) && isNumber(graceMs, leastGraceMs as number);
}

/** The first generation names no registry: its commit is the registry's id. */
function isGeneration({ generation, registry }: Fields): boolean {
  return generation === 1 || isMatch(registry, COMMIT);
}

/** Returns true if writing, comparing or cloning `value` might overflow the stack. Uses a loop. */
function isTooDeep(value: unknown): boolean {
  let level: object[] = isNested(value) ? [value] : [];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    const below: object[] = [];
    for (const parent of level) {
      for (const child of Object.values(parent)) if (isNested(child)) below.push(child);
    }
    level = below;
  }
  return false;
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function areTexts(...values: unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}

function isName(value: unknown): boolean {
  return nameProblem(value) === undefined;
}

/** Also checks the numbers: an invalid version must not fail later, in use. */
function isOneVersion(value: unknown): boolean {
  try {
    parseVersion(value as string);
    return true;
  } catch {
    return false;
  }
}

export function isNumber(value: unknown, least = 0): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function isAbsentOr(value: unknown, isRight: (value: unknown) => boolean): boolean {
  return value === undefined || isRight(value);
}

function isCommit(value: unknown): boolean {
  return isMatch(value, COMMIT);
}

function isDigest(value: unknown): boolean {
  return isMatch(value, SHA256);
}

function isMatch(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

function isDate(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

/**
 * What a record must look like before anything in it is used: its sum only says that nobody changed it by accident.
 *
 * @module
 */
import { decodeName, encodeName, MAX_SEGMENT_BYTES } from "./names.ts";
import { parseVersion } from "./versions.ts";

type Fields = Record<string, unknown>;

/** More than anything that is written here has: metadata may be 100 deep. */
const MAX_DEPTH = 128;

const COMMIT = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const MAX_KIND_LENGTH = 64;
const PLACE = /^[a-z0-9_]+\/[0-9a-f-]{36}$/;

/** What is wrong with a record of a known kind, or undefined. Members that this release does not know are not looked at. */
export function recordProblem(record: { kind: string }): string | undefined {
  const fields: Fields = { ...record };
  if (isTooDeep(fields)) return "it is nested too deep";
  if (!areTexts(fields.kind) || record.kind.length > MAX_KIND_LENGTH) return "its kind is not one";
  if (!isNumber(fields.generation, 1)) return "its generation is not a number from 1";
  if (!isMatch(fields.commit, COMMIT)) return "its commit is not a UUID";
  if (!isDate(fields.startedAt) || !isDate(fields.createdAt)) return "its times are not times";
  if (fields.origin !== undefined && !isOrigin(fields.origin)) return "its origin is not whole";
  if (fields.kind === "version") return versionProblem(fields);
  if (fields.kind === "alias" && !isAlias(fields)) return "its alias is not whole";
  if (fields.kind === "key" && !isKey(fields)) return "its idempotency key is not whole";
  if (fields.kind === "settings" && !isSettings(fields.settings)) return "its settings are not whole";
  if (fields.kind === "settings" && !isCertificate(fields.certificate)) return "its certificate is not whole";
}

/** What is wrong with a list of files, or undefined. */
export function filesProblem(files: unknown): string | undefined {
  if (!Array.isArray(files)) return "its files are not a list";
  if (isTooDeep(files)) return "its files are nested too deep";
  const wrong = files.findIndex((file) => !isStoredFile(file));
  return wrong < 0 ? undefined : `its file ${wrong} is not whole`;
}

function versionProblem(fields: Fields): string | undefined {
  const { name, version, materializer, metadata, inputs, fileList, digest, size, key } = fields;
  if (!isName(name) || !isOneVersion(version)) return "its name or version is not one";
  if (!isObject(materializer) || !areTexts(materializer.id) || !isNumber(materializer.formatVersion, 1)) {
    return "its materializer is not whole";
  }
  if (!isObject(metadata) || !isMatch(digest, SHA256) || !isNumber(size)) {
    return "its metadata, digest or size is missing";
  }
  if (inputs !== undefined && !(Array.isArray(inputs) && inputs.every((input) => areTexts(input)))) {
    return "its inputs are not a list of texts";
  }
  if (key !== undefined && !areTexts(key)) return "its idempotency key is not a text";
  if (fileList !== undefined && !(isObject(fileList) && isPart(fileList) && isPlace(fileList.from))) {
    return "its list of files is not whole";
  }
  return filesProblem(fields.files);
}

function isStoredFile(file: unknown): boolean {
  if (!isObject(file) || !areTexts(file.path) || !isNumber(file.size) || !isMatch(file.sha256, SHA256)) return false;
  const { inline, parts, encoding, from, mode = "", mediaType = "" } = file;
  if (!areTexts(mode, mediaType)) return false;
  if (encoding !== undefined && encoding !== "gzip" && encoding !== "zstd") return false;
  if (inline !== undefined) {
    return Array.isArray(inline) && inline.length === 2 && inline.every((value) => isNumber(value));
  }
  return Array.isArray(parts) && parts.every((part) => isObject(part) && isPart(part)) && isPlace(from);
}

function isPart({ object, offset = 0, size, sha256 }: Fields): boolean {
  return isNumber(object) && isNumber(offset) && isNumber(size) && (sha256 === undefined || isMatch(sha256, SHA256));
}

function isPlace(from: unknown): boolean {
  return from === undefined || isMatch(from, PLACE);
}

function isKey({ name, key, target }: Fields): boolean {
  if (!isName(name) || !isName(key) || !isObject(target)) return false;
  return isOneVersion(target.version) && isNumber(target.generation, 1);
}

function isAlias({ name, alias, version }: Fields): boolean {
  return areTexts(name, alias) && isOneVersion(version);
}

function isOrigin(origin: unknown): boolean {
  return isObject(origin) && isMatch(origin.registry, COMMIT) && isMatch(origin.commit, COMMIT);
}

function isSettings(settings: unknown): boolean {
  if (!isObject(settings)) return false;
  const { versioned, mutable, graceMs } = settings;
  return typeof versioned === "boolean" && typeof mutable === "boolean" && isNumber(graceMs, 1);
}

function isCertificate(certificate: unknown): boolean {
  if (certificate === undefined) return true;
  if (!isObject(certificate) || !areTexts(certificate.kind) || !isDate(certificate.checkedAt)) return false;
  const { clockOffsetMs, passed, failed } = certificate;
  if (clockOffsetMs !== undefined && !Number.isSafeInteger(clockOffsetMs)) return false;
  return [passed, failed].every((names) => Array.isArray(names) && names.every((name) => areTexts(name)));
}

/** Whether JSON is nested so deep that writing, comparing or cloning it might overflow the stack. Takes none itself. */
function isTooDeep(value: unknown): boolean {
  let level: object[] = isNested(value) ? [value] : [];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    const below: object[] = [];
    for (const parent of level) for (const child of Object.values(parent)) if (isNested(child)) below.push(child);
    level = below;
  }
  return false;
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areTexts(...values: unknown[]): boolean {
  return values.every((value) => typeof value === "string");
}

function isName(value: unknown): boolean {
  if (typeof value !== "string" || value.length > MAX_SEGMENT_BYTES) return false;
  return decodeName(encodeName(value)) === value;
}

/** Also its numbers: what is no version must not fail where it is used. */
function isOneVersion(value: unknown): boolean {
  try {
    parseVersion(value as string);
    return true;
  } catch {
    return false;
  }
}

function isNumber(value: unknown, least = 0): boolean {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

function isMatch(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

function isDate(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}

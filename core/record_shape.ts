/**
 * What a record must look like before anything in it is used: its sum only says that nobody changed it by accident.
 *
 * @module
 */
import { isVersion } from "./versions.ts";

type Fields = Record<string, unknown>;

const COMMIT = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const PLACE = /^[a-z0-9_]+\/[0-9a-f-]{36}$/;

/** What is wrong with a record of a known kind, or undefined. Members that this release does not know are not looked at. */
export function recordProblem(record: { kind: string }): string | undefined {
  const fields: Fields = { ...record };
  if (!isNumber(fields.generation, 1)) return "its generation is not a number from 1";
  if (!isMatch(fields.commit, COMMIT)) return "its commit is not a UUID";
  if (!isDate(fields.startedAt) || !isDate(fields.createdAt)) return "its times are not times";
  if (fields.origin !== undefined && !isOrigin(fields.origin)) return "its origin is not whole";
  if (fields.kind === "version") return versionProblem(fields);
  if (fields.kind === "alias" && !areTexts(fields.name, fields.alias, fields.version)) return "its alias is not whole";
  if (fields.kind === "key" && !isKey(fields)) return "its idempotency key is not whole";
  if (fields.kind === "settings" && !isSettings(fields.settings)) return "its settings are not whole";
  if (fields.kind === "settings" && !isCertificate(fields.certificate)) return "its certificate is not whole";
}

/** What is wrong with a list of files, or undefined. */
export function filesProblem(files: unknown): string | undefined {
  if (!Array.isArray(files)) return "its files are not a list";
  const wrong = files.findIndex((file) => !isStoredFile(file));
  return wrong < 0 ? undefined : `its file ${wrong} is not whole`;
}

function versionProblem(fields: Fields): string | undefined {
  const { name, version, materializer, metadata, inputs, fileList, digest, size, key } = fields;
  if (!areTexts(name, version) || !isVersion(version as string)) return "its name or version is not one";
  if (!isObject(materializer) || !areTexts(materializer.id) || !isNumber(materializer.formatVersion, 1)) {
    return "its materializer is not whole";
  }
  if (!isObject(metadata) || !isMatch(digest, SHA256) || !isNumber(size)) {
    return "its metadata, digest or size is missing";
  }
  if (inputs !== undefined && !(Array.isArray(inputs) && areTexts(...inputs))) {
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
  const { inline, parts, encoding, from } = file;
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

function isKey({ name, key, target, existing }: Fields): boolean {
  if (existing !== undefined && !isMatch(existing, COMMIT)) return false;
  return areTexts(name, key) && isObject(target) && areTexts(target.version) && isNumber(target.generation, 1);
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
  return [passed, failed].every((names) => Array.isArray(names) && areTexts(...names));
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function areTexts(...values: unknown[]): boolean {
  return values.every((value) => typeof value === "string");
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

// The signed text: an in-toto statement (v1) with the predicate of OpenSSF Model Signing v1.0,
// https://github.com/ossf/model-signing-spec, which lists the SHA-256 of each file.
import { Buffer } from "node:buffer";
import { compareUtf8, createSha256, isJsonObject, parsedJson, shown } from "../../core/kernel.ts";

export const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
const PREDICATE_TYPE = "https://model_signing/signature/v1.0";

/** A file that is signed. */
export interface SignedFile {
  path: string;
  /** 64 lowercase hexadecimal digits. */
  sha256: string;
  /** `link`, `folder` or `executable`. @default a regular file */
  mode?: string;
}

interface Resource {
  name: string;
  algorithm: "sha256";
  digest: string;
}

/**
 * Returns the statement about the files of a version as JSON. Equal files give equal bytes. Empty
 * folders are not in it.
 */
export function statementOf(subject: string, files: readonly SignedFile[]): string {
  const resources = files.filter(({ mode }) => mode !== "folder").map((
    { path, sha256 },
  ): Resource => ({
    name: path,
    algorithm: "sha256",
    digest: sha256,
  })).sort((a, b) => compareUtf8(a.name, b.name));
  return JSON.stringify({
    _type: STATEMENT_TYPE,
    subject: [{ name: subject, digest: { sha256: rootDigest(resources) } }],
    predicateType: PREDICATE_TYPE,
    predicate: {
      serialization: {
        method: "files",
        hash_type: "sha256",
        allow_symlinks: false,
        ignore_paths: [],
      },
      resources,
    },
  });
}

/** The SHA-256 of the digests of all resources, in their order. */
function rootDigest(resources: readonly Pick<Resource, "digest">[]): string {
  const hash = createSha256();
  for (const { digest } of resources) hash.update(Buffer.from(digest, "hex"));
  return hash.digest();
}

/** The name in a statement, or what it lacks. */
export type ReadStatement = { subject: string } | { problem: string };

/** Compares the statement of another program with the files of a version. */
export function readOthers(payload: string, files: readonly SignedFile[]): ReadStatement {
  const read = readStatement(payload, files);
  if ("problem" in read || !hasTwice(payload)) return read;
  return { problem: "the statement has a member twice" };
}

/** Compares a signed statement with the files of a version. */
export function readStatement(payload: string, files: readonly SignedFile[]): ReadStatement {
  const statement = shapeOf(payload);
  if (statement === undefined) return { problem: "the signed text is not a statement" };
  const { _type, predicateType, subjects, serialization, resources } = statement;
  if (_type !== STATEMENT_TYPE) return { problem: `the statement has the type ${shown(_type)}` };
  if (predicateType !== PREDICATE_TYPE) {
    return { problem: `the predicate has the type ${shown(predicateType)}` };
  }
  const [subject] = subjects;
  if (subjects.length !== 1 || subject === undefined) {
    return { problem: `the statement has ${subjects.length} subjects` };
  }
  const { method, hash_type, shard_size } = serialization;
  if (method !== "files" || shard_size !== undefined) {
    return { problem: "the statement does not list whole files" };
  }
  if (hash_type !== "sha256") return { problem: "the statement does not hash by SHA-256" };
  const problem = resourcesProblem(resources, subject.sha256) ?? filesProblem(resources, files) ??
    (resources.length === 0 ? NO_FILES : undefined); // OpenSSF Model Signing v1.0, section 6.1
  return problem === undefined ? { subject: subject.name } : { problem };
}

export const NO_FILES = "there is no file to sign";

/** Returns what is wrong with the list of files of a statement, whatever the version has. */
function resourcesProblem(resources: StatementShape["resources"], root: string) {
  const names = new Set<string>();
  for (const { name, algorithm, digest } of resources) {
    if (algorithm !== "sha256" || !/^[0-9a-f]{64}$/.test(digest)) {
      return `${shown(name)} has no SHA-256`;
    }
    if (names.has(name)) return `${shown(name)} is listed twice`;
    names.add(name);
  }
  if (rootDigest(resources) === root) return undefined;
  return "the digest of the subject is not that of its files";
}

/** Returns the first difference between the files that were signed and those of the version. */
function filesProblem(resources: StatementShape["resources"], files: readonly SignedFile[]) {
  const signed = new Map(resources.map(({ name, digest }) => [name, digest]));
  for (const { path, sha256, mode } of files) {
    if (mode === "folder") continue;
    // The SHA-256 of a link is that of its target as text: a file of that text has the same one.
    if (mode === "link") return `${shown(path)} is a link, which cannot be signed`;
    const digest = signed.get(path);
    if (digest === undefined) return `${shown(path)} is not signed`;
    if (digest !== sha256) return `${shown(path)} has other bytes than were signed`;
    signed.delete(path);
  }
  const [more] = signed.keys();
  return more === undefined ? undefined : `${shown(more)} was signed, and is not in the version`;
}

interface StatementShape {
  _type: string;
  predicateType: string;
  subjects: readonly { name: string; sha256: string }[];
  serialization: Readonly<Record<string, unknown>>;
  resources: readonly { name: string; algorithm: string; digest: string }[];
}

function shapeOf(payload: string): StatementShape | undefined {
  const value = parsedJson(payload);
  const { _type, predicateType, subject, predicate } = membersOf(value);
  const { serialization, resources } = membersOf(predicate);
  if (!Array.isArray(subject) || !Array.isArray(resources)) return undefined;
  return {
    _type: textOf(_type),
    predicateType: textOf(predicateType),
    subjects: subject.map((each) => {
      const { name, digest } = membersOf(each);
      return { name: textOf(name), sha256: textOf(membersOf(digest).sha256) };
    }),
    serialization: membersOf(serialization),
    resources: resources.map((each) => {
      const { name, algorithm, digest } = membersOf(each);
      return { name: textOf(name), algorithm: textOf(algorithm), digest: textOf(digest) };
    }),
  };
}

/**
 * Returns true if an object of a valid JSON text has a member twice: programs differ in which one they
 * read, so that one may check what another does not use.
 */
export function hasTwice(json: string): boolean {
  const open: (Set<string> | undefined)[] = []; // names of objects, undefined for lists
  const tokens = /["{}[\]]/g, colon = /\s*:/y;
  for (let found = tokens.exec(json); found !== null; found = tokens.exec(json)) {
    const [token] = found;
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(undefined);
    else if (token !== '"') open.pop();
    else {
      const end = endOfText(json, found.index);
      tokens.lastIndex = end;
      const names = open.at(-1);
      colon.lastIndex = end;
      if (names === undefined || !colon.test(json)) continue;
      const name: string = JSON.parse(json.slice(found.index, end));
      if (names.has(name)) return true;
      names.add(name);
    }
  }
  return false;
}

/** Returns the index after a text that begins at an index. */
function endOfText(json: string, begin: number): number {
  const ends = /["\\]/g;
  ends.lastIndex = begin + 1;
  for (let found = ends.exec(json); found !== null; found = ends.exec(json)) {
    if (found[0] === '"') return ends.lastIndex;
    ends.lastIndex++;
  }
  return json.length;
}

/** Returns a text; of any other value, its JSON, which is none of the expected texts. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value) ?? "";
}

/** Returns the members of an object, none of anything else. */
export function membersOf(value: unknown): Record<string, unknown> {
  return isJsonObject(value) ? value : {};
}

/** Returns the bytes that are signed: the pre-authentication encoding of DSSE v1. */
export function signedBytes(payload: string): Uint8Array {
  const encoder = new TextEncoder();
  const body = encoder.encode(payload);
  const head = encoder.encode(
    `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${body.byteLength} `,
  );
  const bytes = new Uint8Array(head.byteLength + body.byteLength);
  bytes.set(head);
  bytes.set(body, head.byteLength);
  return bytes;
}

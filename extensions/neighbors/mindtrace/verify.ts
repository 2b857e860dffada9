// The hash of an artifact's folder, by both rules of mindtrace.
import { compareUtf8, createSha256 } from "../../../core/kernel.ts";
import type { FileToDecode } from "../../../files/mod.ts";
import { bytesFile } from "../../../files/mod.ts";

/** A file of an artifact and its SHA-256. */
export interface HashedFile {
  path: string;
  size: number;
  sha256: string;
  file: FileToDecode;
}

/** Artifacts of at most this size are read once, bytes. */
const SMALL_BYTES = 4 * 1024 * 1024;
const encoder = new TextEncoder();

/** Rule 1, up to 0.12: sorted by path components; path, then bytes. */
const RULE_1 = {
  order: (a: string, b: string) => compareUtf8(a.replaceAll("/", "\0"), b.replaceAll("/", "\0")),
  before: (path: string) => encoder.encode(path),
  after: new Uint8Array(),
};

/** Rule 2, from 0.13: sorted by the whole path, with marks between the parts. */
const RULE_2 = {
  order: compareUtf8,
  before: (path: string) => encoder.encode(`P\0${path}\0C\0`),
  after: encoder.encode("\0F\0"),
};

type Rule = typeof RULE_1;

/** Returns the files with their digests, and the hashes of the folder by rule 2 and rule 1. */
export async function hashArtifact(
  files: readonly FileToDecode[],
  signal?: AbortSignal,
): Promise<{ hashed: HashedFile[]; hashes: string[] }> {
  const isSmall = files.reduce((sum, { size }) => sum + size, 0) <= SMALL_BYTES;
  const sources: FileToDecode[] = [];
  for (const file of files) sources.push(isSmall ? bytesFile(file.path, await file.bytes()) : file);
  const [byParts, byPath] = [sources.toSorted(by(RULE_1)), sources.toSorted(by(RULE_2))];
  const isSame = byParts.every((file, i) => file === byPath[i]);
  // If the orders differ, the files are read once for each rule.
  const first = await hashInOrder(byPath, isSame ? [RULE_2, RULE_1] : [RULE_2], signal);
  if (isSame) return first;
  const second = await hashInOrder(byParts, [RULE_1], signal);
  return { hashed: first.hashed, hashes: [...first.hashes, ...second.hashes] };
}

const by = ({ order }: Rule) => (a: FileToDecode, b: FileToDecode) => order(a.path, b.path);

async function hashInOrder(
  files: readonly FileToDecode[],
  rules: readonly Rule[],
  signal?: AbortSignal,
): Promise<{ hashed: HashedFile[]; hashes: string[] }> {
  const folders = rules.map((rule) => ({ rule, hash: createSha256() }));
  const hashed: HashedFile[] = [];
  for (const file of files) {
    const own = createSha256();
    let size = 0;
    for (const { rule, hash } of folders) hash.update(rule.before(file.path));
    for await (const chunk of file.stream()) {
      signal?.throwIfAborted();
      own.update(chunk);
      for (const { hash } of folders) hash.update(chunk);
      size += chunk.byteLength;
    }
    for (const { rule, hash } of folders) hash.update(rule.after);
    hashed.push({ path: file.path, size, sha256: own.digest(), file });
  }
  return { hashed, hashes: folders.map(({ hash }) => hash.digest()) };
}

// Repairs a registry from a copy. Payload objects are made again in their places, because other
// versions may share them: from files of the same digests. Damaged records get the content of the
// copy, under their generation.
import { iterableStream, plainBytes } from "../../core/bytes/bytes.ts";
import { averageFor, ListMaker } from "../../core/bytes/content_chunks.ts";
import { createSha256, sha256 } from "../../core/bytes/digest.ts";
import { isRegistryError, notFound, type RegistryError } from "../../core/errors.ts";
import type { AnyRecord, Part, StoredFile } from "../../core/record.ts";
import type { Registry } from "../../core/registry.ts";
import { asGeneration, readHead, readRecord, versionHeads } from "../cell/heads.ts";
import { allParts } from "../cell/objects.ts";
import { startOperation } from "../cell/operation.ts";
import { getPart } from "../cell/part_runs.ts";
import { inUtc } from "../cell/since.ts";
import { cellOf, LINEAGE, parseCellKey, releaseOfMark } from "../format/layout.ts";
import { encodeRecord, TOMBSTONE_BYTES } from "../format/record_codec.ts";
import { type Context, contextOf } from "../operations/context.ts";
import { payloadSource } from "../operations/load.ts";
import { readCell } from "../operations/resolve.ts";
import { type PayloadSource, StoreReader } from "../payload/store_reader.ts";
import { copyFiles, openSource } from "./mirror/copy_files.ts";
import { originOf } from "./mirror/run.ts";
import type { VerifyProblem } from "./verify_report.ts";

interface Stores {
  to: Context;
  from: Context;
  signal?: AbortSignal;
}

/** Repairs problems, those of records first. Returns why the others could not be repaired. */
export async function repairProblems(
  to: Context,
  copy: Registry,
  problems: readonly VerifyProblem[],
  signal?: AbortSignal,
): Promise<Map<VerifyProblem, RegistryError>> {
  const from = { ...contextOf(copy, "repair from it"), cache: undefined };
  const names = new Map<string, PayloadRepair>();
  const failures = new Map<VerifyProblem, RegistryError>();
  const isOfPayload = ({ path, key, record }: VerifyProblem) =>
    path !== undefined && key !== record;
  const sorted = problems.toSorted((a, b) => Number(isOfPayload(a)) - Number(isOfPayload(b)));
  for (const problem of sorted) {
    const { key, record, path } = problem;
    const name = parseCellKey(record)?.name ?? "";
    const payload = names.get(name) ?? new PayloadRepair({ to, from, signal }, name);
    names.set(name, payload);
    try {
      if (key.startsWith(LINEAGE) || releaseOfMark(key) !== undefined) {
        await to.backend.put(key, new Uint8Array(), { signal });
      } else if (isOfPayload(problem)) await payload.repairFile(cellOf(record), path!);
      else if (problem.code === "Corrupt") await repairRecord({ to, from, signal }, record);
    } catch (error) {
      if (!isRegistryError(error)) throw error;
      failures.set(problem, error);
    }
  }
  return failures;
}

/** Writes a damaged record again, with the content of the record in the same cell of the copy. */
async function repairRecord(stores: Stores, key: string): Promise<void> {
  const { to, from, signal } = stores;
  const cell = cellOf(key);
  const { kind, generation } = parseCellKey(key) ?? {};
  if (kind === undefined || kind === "key") {
    throw notInCopy(stores, key, "mirrors have no such record");
  }
  const raw = await (await to.backend.get(key, { signal }))?.bytes() ?? new Uint8Array();
  const text = new TextDecoder().decode(raw);
  const isDeleted = raw.byteLength === TOMBSTONE_BYTES || text.includes('"kind":"deleted"');
  if (kind === "version" && (await readHead(to, cell, signal))?.key !== key) {
    throw notInCopy(stores, key, "mirrors have only the newest record of a version");
  }
  if (kind === "version" && !isDeleted) return await repairVersion(stores, { key, text });
  const theirs = kind === "version" ? (await readHead(from, cell, signal))?.key : key;
  const found = theirs && await readRecord(from, theirs, signal);
  const isSame = found &&
    (kind === "version" ? found.record.kind === "deleted" : await isSameHistory(stores, cell));
  if (!isSame) throw notInCopy(stores, key, "the copy has another history");
  const { record } = found;
  const operation = startOperation(to, `repair "${key}"`, signal);
  operation.checkSend();
  const { previous: _, ...base } = operation.recordBase(generation!);
  const createdAt = inUtc(record.createdAt);
  const origin = originOf(from, record as { commit: string });
  const bytes = encodeRecord(
    { ...record, previous: undefined, ...base, createdAt, origin } as AnyRecord,
  );
  operation.checkCommit();
  await to.backend.put(key, bytes, { signal });
}

/** Writes the record of a version again, and its files. */
async function repairVersion(
  stores: Stores,
  { key, text }: { key: string; text: string },
): Promise<void> {
  const { to, from, signal } = stores;
  const located = await readCell(from, cellOf(key), { signal });
  if (located === undefined) throw notInCopy(stores, key, "the copy lacks the version");
  const { record } = located;
  // what is legible of the record shows whether the copy has the same value
  const digest = /"digest":"(.{64})","size":/s.exec(text)?.[1];
  const isLike = digest === undefined
    ? !to.settings.mutable
    : [...digest].filter((character, at) => character !== record.digest[at]).length < 16;
  if (!isLike) {
    throw notInCopy(stores, key, "the copy may have another value");
  }
  const run = { ...stores, moved: () => {} };
  const above = parseCellKey(key)!.generation;
  const options = { target: record.name, base: null, above, inPlace: true };
  await copyFiles(run, await openSource(run, located), record, options);
}

/** Returns true if a cell has the same changes in both, as far as they can be read. */
async function isSameHistory({ to, from, signal }: Stores, cell: string): Promise<boolean> {
  for await (const entry of from.backend.list(cell, { signal })) {
    const key = asGeneration(entry)?.key;
    if (key === undefined) continue;
    const theirs = await readRecord(from, key, signal);
    const ours = await readRecord(to, key, signal).catch((error) => {
      if (!isRegistryError(error, "Corrupt")) throw error;
      return undefined;
    });
    if (ours === undefined || theirs === undefined) continue;
    const [a, b] = [originOf(to, ours.record), originOf(from, theirs.record)];
    if (a.commit !== b.commit) return false;
  }
  return true;
}

function notInCopy({ from }: Stores, key: string, state: string): RegistryError {
  const hint = "Pass another copy.";
  return notFound("repair", `"${key}"`, state, { hint, key, backend: from.backend.location });
}

/** A file and a reader of its version. */
interface Readable {
  file: StoredFile;
  reader: StoreReader;
}

/** A part of an object that a file uses, or the list of its chunks. */
interface Use extends Readable {
  key: string;
  part: Part;
  /** Offset of the part in its object, and its end. */
  offset: number;
  end: number;
  /** Offset of the part in the stored bytes of the file. */
  start: number;
}

/** Repairs the payload of a name. */
class PayloadRepair {
  readonly #stores: Stores;
  readonly #name: string;
  readonly #good = new Map<string, Promise<Readable | undefined>>();
  /** Files of the copy, by `idOf`. */
  #copies?: Map<string, Readable[]>;
  /** Uses of each object by the versions of the name. */
  #uses?: Map<string, Use[]>;
  readonly #written = new Set<string>();

  constructor(stores: Stores, name: string) {
    this.#stores = stores;
    this.#name = name;
  }

  /** Makes the objects of a file again whose bytes differ from those of the copy. */
  async repairFile(cell: string, path: string): Promise<void> {
    const { to, signal } = this.#stores;
    const located = await readCell(to, cell, { signal });
    const source = located && await payloadSource(to, located, signal);
    const file = source?.files.find((file) => file.path === path);
    if (source === undefined || file === undefined) return; // deleted meanwhile
    const reader = new StoreReader(to, source, { verify: "integrity", signal });
    for (const use of usesOf(source, { file, reader })) {
      if (await this.#findGood(use) === undefined) {
        throw notInCopy(this.#stores, use.key, `the copy has no such file: ${path}`);
      }
      if (this.#written.has(use.key) || await this.#isIntact(use)) continue;
      await this.#writeObject(use.key);
      this.#written.add(use.key);
    }
  }

  async #isIntact(use: Use): Promise<boolean> {
    const { to, signal } = this.#stores;
    try {
      const stored = await getPart(to.backend, use.key, use.part, { signal });
      return stored !== undefined &&
        await digestOf(stored.body) === await digestOf(this.#bytesOf(use, 0));
    } catch (error) {
      if (!isRegistryError(error, "Corrupt")) throw error;
      return false;
    }
  }

  /** Writes an object again: the bytes that versions use, and between them those that it has. */
  async #writeObject(key: string): Promise<void> {
    const { to: { backend }, signal } = this.#stores;
    this.#uses ??= await this.#readUses();
    const uses = this.#uses.get(key) ?? [];
    uses.sort((a, b) => a.offset - b.offset || b.end - a.end);
    const { size: present = 0 } = await backend.head(key, { signal }) ?? {};
    const size = Math.max(present, ...uses.map(({ end }) => end));
    await backend.put(key, iterableStream(this.#objectBytes(key, uses, size)), { size, signal });
  }

  async *#objectBytes(key: string, uses: readonly Use[], size: number) {
    let at = 0;
    for (const use of uses) {
      if (use.end <= at) continue;
      if (use.offset > at) yield* this.#present(key, at, use.offset);
      at = Math.max(at, use.offset);
      yield* this.#bytesOf(use, at - use.offset);
      at = use.end;
    }
    if (at < size) yield* this.#present(key, at, size);
  }

  /** Yields the bytes of a range as they are, and zeros for missing ones. */
  async *#present(key: string, from: number, to: number): AsyncGenerator<Uint8Array> {
    const { to: { backend }, signal } = this.#stores;
    let missing = to - from;
    const object = await backend.get(key, { range: { offset: from, length: missing }, signal });
    for await (const chunk of object?.body ?? []) {
      missing -= chunk.byteLength;
      yield plainBytes(chunk);
    }
    for (; missing > 0; missing -= ZEROS.byteLength) yield ZEROS.subarray(0, missing);
  }

  /** Yields the bytes of a use from `skip` on: the right ones, if any file has them. */
  async *#bytesOf(use: Use, skip: number): AsyncGenerator<Uint8Array> {
    const { key, part, file, start, offset, end } = use;
    const good = await this.#findGood(use);
    const list = part === file.chunks && good && await this.#listOf(good, file);
    if (list) yield list.subarray(skip);
    else if (good === undefined || part === file.chunks) {
      yield* this.#present(key, offset + skip, end);
    } else yield* between(good, start + skip, start + part.size);
  }

  /** Returns the list of chunks of a file, from a copy or made again. */
  async #listOf(good: Readable, file: StoredFile): Promise<Uint8Array | undefined> {
    const lists = [];
    for (const { reader, file: copy } of await this.#copiesOf(file)) {
      lists.push(await reader.storedList(copy));
    }
    const average = averageFor(file.size);
    const makers = [average, averageFor(0)].map((average) => new ListMaker(average));
    makers.push(ListMaker.fixed(Math.max(average, FIXED_AVERAGE)));
    for await (const chunk of good.reader.storedChunks(good.file)) {
      for (const maker of makers) maker.update(chunk);
    }
    for (const maker of makers) lists.push(maker.end());
    return lists.map((list) => list?.encode()).find((list) =>
      list !== undefined && sha256(list) === file.chunks!.sha256
    );
  }

  /** Returns the file itself or one of the copy, whichever has the right stored bytes. */
  #findGood({ file, reader }: Readable): Promise<Readable | undefined> {
    const id = JSON.stringify([idOf(file), file.encoding && file.parts]);
    const known = this.#good.get(id) ?? this.#readGood({ file, reader });
    this.#good.set(id, known);
    return known;
  }

  async #readGood(own: Readable): Promise<Readable | undefined> {
    for (const candidate of [own, ...await this.#copiesOf(own.file)]) {
      try {
        if (await isGood(candidate, own.file)) return candidate;
      } catch (error) {
        if (!isRegistryError(error, "Corrupt", "Conflict")) throw error;
      }
    }
  }

  async #copiesOf(file: StoredFile): Promise<readonly Readable[]> {
    if (this.#copies === undefined) {
      this.#copies = new Map();
      for await (const { file, reader } of this.#files(this.#stores.from)) {
        const same = this.#copies.get(idOf(file)) ?? [];
        this.#copies.set(idOf(file), [...same, { file, reader }]);
      }
    }
    return this.#copies.get(idOf(file)) ?? [];
  }

  async #readUses(): Promise<Map<string, Use[]>> {
    const uses = new Map<string, Use[]>();
    for await (const { source, ...readable } of this.#files(this.#stores.to)) {
      for (const use of usesOf(source, readable)) {
        const others = uses.get(use.key) ?? [];
        const isKnown = others.some(({ offset, end }) => offset === use.offset && end === use.end);
        if (!isKnown) uses.set(use.key, [...others, use]);
      }
    }
    return uses;
  }

  /** Yields the stored files of all versions that can be read. */
  async *#files(context: Context): AsyncGenerator<Readable & { source: PayloadSource }> {
    const { signal } = this.#stores;
    for await (const { head } of versionHeads(context, this.#name, { signal })) {
      try {
        const located = await readCell(context, cellOf(head.key), { head, signal });
        const source = located && await payloadSource(context, located, signal);
        const reader = source && new StoreReader(context, source, { verify: "integrity", signal });
        for (const file of source?.files ?? []) yield { file, source: source!, reader: reader! };
      } catch (error) {
        if (!isRegistryError(error, "Corrupt", "Conflict")) throw error;
      }
    }
  }
}

const ZEROS = new Uint8Array(64 * 1024);
/** The least average of lists that only verify ranges. */
const FIXED_AVERAGE = 256 * 1024;

function idOf({ sha256, size, encoding }: StoredFile): string {
  return `${sha256} ${size} ${encoding}`;
}

function usesOf(source: PayloadSource, { file, reader }: Readable): Use[] {
  let next = 0;
  return allParts(file).map((part) => {
    const { offset = 0, size } = part;
    const start = next;
    next += size;
    return { key: source.keyOf(file, part), file, reader, part, offset, end: offset + size, start };
  });
}

/** True if the stored bytes of a file are those that the parts of another one need. */
async function isGood(candidate: Readable, { encoding, parts = [] }: StoredFile): Promise<boolean> {
  for await (const _ of candidate.reader.storedChunks(candidate.file)); // verifies them
  let at = 0;
  for (const { size, sha256 } of encoding === undefined ? [] : parts) {
    if (await digestOf(between(candidate, at, at += size)) !== sha256) return false;
  }
  return true;
}

/** Yields a range of the stored bytes of a file. */
async function* between({ file, reader }: Readable, from: number, to: number) {
  let at = 0;
  for await (const chunk of reader.storedChunks(file)) {
    const piece = chunk.subarray(Math.max(from - at, 0), Math.max(to - at, 0));
    at += chunk.byteLength;
    if (piece.byteLength > 0) yield piece;
  }
}

async function digestOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createSha256();
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest();
}

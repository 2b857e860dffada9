// Repairs the payload of a registry from a copy: puts whole objects again. Bytes that versions use
// come from files with the right digests, other bytes stay. See section 7.2 of FORMAT.md.
import { averageFor, type ChunkList, ListMaker } from "../../core/bytes/content_chunks.ts";
import type { ByteRange } from "../../materializers/mod.ts";
import {
  corrupt,
  createSha256,
  isRegistryError,
  itemAt,
  iterableStream,
  notFound,
  plainBytes,
  sha256,
} from "../../core/kernel.ts";
import type { RegistryError } from "../../core/kernel.ts";
import type { Part, StoredFile } from "../../registry/extending.ts";
import { allParts, LAYOUT, type PayloadSource, type Records } from "../../registry/records.ts";
import { groupedFiles } from "./file_groups.ts";
import type { VerifyProblem } from "./report.ts";

interface Readable {
  file: StoredFile;
  reader: ReturnType<Records["reader"]>;
  source: PayloadSource;
  /** Offset of the inline bytes in the record. */
  inlineAt: number;
}

/** A range of an object that a file uses: a part, the list of its chunks, or its inline bytes. */
interface Use {
  key: string;
  file: StoredFile;
  part: Part;
  offset: number;
  end: number;
  /** Offset of the range in the stored bytes of the file. */
  start: number;
  /** Files of equal content, which may be damaged. */
  sources: Readable[];
}

export class FileRepair {
  readonly #to: Records;
  readonly #from: Records;
  readonly #signal?: AbortSignal;
  /** The error of a version whose uses are unknown. */
  #unread?: RegistryError;

  constructor(to: Records, from: Records, signal?: AbortSignal) {
    this.#to = to;
    this.#from = from;
    this.#signal = signal;
  }

  /** Returns the problems that remain, and why. */
  async repair(
    name: string,
    problems: readonly VerifyProblem[],
  ): Promise<Map<VerifyProblem, RegistryError>> {
    const damaged = Map.groupBy(problems, ({ record, path }) => `${LAYOUT.cellOf(record)} ${path}`);
    const problemsOf = ({ source, file }: Readable) =>
      damaged.get(`${LAYOUT.cellOf(source.recordKey)} ${file.path}`) ?? [];
    const unread = ({ key }: VerifyProblem) => this.#refusal(key, "its version cannot be read");
    const failures = new Map(problems.map((problem) => [problem, unread(problem)]));
    const objects = new Map<string, Set<VerifyProblem>>();
    for await (const own of this.#files(this.#to, name)) {
      for (const problem of problemsOf(own)) {
        failures.delete(problem);
        for (const { key } of usesOf(own)) {
          objects.set(key, (objects.get(key) ?? new Set()).add(problem));
        }
      }
    }
    const uses: Use[] = [], sources = new Map<string, Readable[]>();
    for await (const own of this.#files(this.#to, name)) {
      const same = sources.get(idOf(own.file)) ?? [];
      const its = usesOf(own, same).filter(({ key }) => objects.has(key));
      if (its.length === 0) continue;
      uses.push(...its);
      sources.set(idOf(own.file), same);
      if (problemsOf(own).length === 0 || own.file.values !== undefined) same.push(own);
    }
    for await (const copy of this.#files(this.#from, name)) {
      sources.get(idOf(copy.file))?.push(copy);
    }
    const byKey = Map.groupBy(uses, ({ key }) => key);
    for (const [key, its] of objects) {
      try {
        await this.#repairObject(key, byKey.get(key) ?? []);
      } catch (error) {
        if (!isRegistryError(error, "NotFound", "Corrupt", "Conflict")) throw error;
        for (const problem of its) failures.set(problem, error);
      }
    }
    return failures;
  }

  /** Yields the files of all versions that can be read. */
  async *#files(context: Records, name: string): AsyncGenerator<Readable> {
    const signal = this.#signal;
    for await (const { head } of context.ofName(name).heads({ signal })) {
      try {
        const located = await context.version(LAYOUT.cellOf(head.key), { head, signal });
        if (located === undefined) continue;
        const { info, inline } = located.found;
        const inlineAt = info.size - inline.byteLength;
        for await (const source of (await groupedFiles(context, located, signal)).groups()) {
          const reader = context.reader(source, { verify: "integrity", signal });
          for (const file of source.files.flatMap(withBases)) {
            yield { file, reader, source, inlineAt };
          }
        }
      } catch (error) {
        if (!isRegistryError(error, "Corrupt", "Conflict")) throw error;
        if (context === this.#to) this.#unread = error;
      }
    }
  }

  /** Puts an object again, unless it has the right bytes. */
  async #repairObject(key: string, uses: Use[]): Promise<void> {
    const backend = this.#to.backend, signal = this.#signal;
    const operation = this.#to.begin(`repair "${key}"`, signal);
    const isRecord = LAYOUT.parseCellKey(key) !== undefined;
    if (isRecord) {
      const located = await this.#to.version(LAYOUT.cellOf(key), { signal });
      if (located?.found.info.key !== key) throw this.#refusal(key, "it was replaced");
      if (this.#to.objects(located.record).length > 0) { // it could look late
        throw this.#refusal(key, "the record also has payload");
      }
    }
    const stored = await backend.head(key, { signal });
    const size = Math.max(stored?.size ?? 0, ...uses.map(({ end }) => end));
    uses.sort((a, b) => a.offset - b.offset || b.end - a.end);
    const digest = await digestOf(this.#objectBytes(uses, size));
    if (stored !== undefined && await digestOf(this.#storedBytes(key)) === digest) return;
    if (isRecord) operation.checkCommit(); // collectors replace a record only long after this
    await backend.put(key, iterableStream(this.#objectBytes(uses, size)), { size, signal });
  }

  async *#objectBytes(uses: readonly Use[], size: number): AsyncGenerator<Uint8Array> {
    const { key } = itemAt(uses, 0);
    let at = 0;
    for (const use of uses) {
      if (use.end <= at) continue;
      yield* this.#unused(key, at, use.offset);
      let skipped = use.offset - Math.max(at, use.offset);
      for await (const chunk of bytesFrom(await this.#sourceOf(use), use)) {
        yield chunk.subarray(-skipped);
        skipped = Math.min(skipped + chunk.byteLength, 0);
      }
      at = use.end;
    }
    yield* this.#unused(key, at, size);
  }

  /** Yields bytes that no version uses: as they are, or zeros for missing ones. */
  async *#unused(key: string, from: number, to: number): AsyncGenerator<Uint8Array> {
    let missing = to - from;
    if (missing <= 0) return;
    for await (const chunk of this.#storedBytes(key, { offset: from, length: missing })) {
      missing -= chunk.byteLength;
      yield chunk;
    }
    if (missing > 0 && this.#unread !== undefined) throw this.#unread;
    for (; missing > 0; missing -= ZEROS.byteLength) yield ZEROS.subarray(0, missing);
  }

  /** Yields the bytes of an object up to the first that cannot be read. */
  async *#storedBytes(key: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
    try {
      const object = await this.#to.backend.get(key, { range, signal: this.#signal });
      for await (const chunk of object?.body ?? []) yield plainBytes(chunk);
    } catch (error) {
      if (!isRegistryError(error, "Corrupt")) throw error;
    }
  }

  /** Returns the first file that has the right bytes, and remembers it. */
  async #sourceOf(use: Use): Promise<Readable> {
    for (const source of use.sources) {
      try {
        for await (const _ of bytesFrom(source, use)); // verifies them
        use.sources = [source];
        return source;
      } catch (error) {
        if (!isRegistryError(error, "Corrupt", "Conflict")) throw error;
      }
    }
    throw this.#refusal(use.key, `the copy has no such file: ${use.file.path}`);
  }

  #refusal(key: string, state: string): RegistryError {
    const hint = "Pass another copy, or restore the object from a backup.";
    return notFound("repair", `"${key}"`, state, { hint, key });
  }
}

const ZEROS = new Uint8Array(64 * 1024);
/** The least average of lists that only verify ranges. */
const FIXED_AVERAGE = 256 * 1024;

function idOf({ sha256, size, encoding }: StoredFile): string {
  return `${sha256} ${size} ${encoding}`;
}

/** Returns a file and those that it is made from. */
function withBases(file: StoredFile): StoredFile[] {
  const base = file.values?.base;
  return base === undefined ? [file] : [file, ...withBases({ path: file.path, ...base })];
}

/** Returns the own parts of a file, without those of its base. */
function partsToRestore({ parts, chunks, values }: StoredFile): Part[] {
  return allParts({ parts: values ? [...parts ?? [], values.groups] : parts, chunks });
}

function usesOf({ file, source, inlineAt }: Readable, sources: Readable[] = []): Use[] {
  const [at, size] = file.inline ?? [];
  const inline = size === undefined ? undefined : { object: 0, offset: inlineAt + at!, size };
  let start = 0;
  return (inline ? [inline] : partsToRestore(file)).map((part) => {
    const { offset = 0, size } = part;
    const key = inline ? source.recordKey : source.keyOf(file, part);
    start += size;
    return { key, file, part, offset, end: offset + size, start: start - size, sources };
  });
}

/** Yields the bytes of a range from a file of equal content. Throws `Corrupt` for other bytes. */
async function* bytesFrom({ file, reader }: Readable, use: Use): AsyncGenerator<Uint8Array> {
  const { part, start, file: { chunks } } = use;
  const hash = createSha256();
  let count = 0;
  for await (const chunk of part === chunks ? lists() : range()) {
    hash.update(chunk);
    count += chunk.byteLength;
    yield chunk;
  }
  const digest = hash.digest();
  if (count !== part.size || (part.sha256 ?? digest) !== digest) {
    throw corrupt("repair", `"${use.key}"`, "the copy stores the same content as other bytes");
  }

  async function* range(): AsyncGenerator<Uint8Array> {
    if (file.values !== undefined) { // as stored: each part has its digest
      const { values: _, chunks: __, encoding: ___, ...stored } = file;
      const parts = partsToRestore({ ...file, chunks: undefined });
      const ranges = [{ offset: start, length: part.size }];
      return yield* reader.storedRanges({ ...stored, parts }, ranges);
    }
    const hasNoList = file.chunks !== undefined && await reader.storedList(file) === undefined;
    if (file.encoding === undefined && !hasNoList) { // else the whole file is verified
      return yield* reader.range(file, { offset: start, length: part.size });
    }
    let at = 0;
    for await (const chunk of reader.stored(file).chunks()) {
      yield chunk.subarray(Math.max(start - at, 0), Math.max(start + part.size - at, 0));
      at += chunk.byteLength;
    }
  }

  /** Yields the list of chunks, as stored, else cut again. */
  async function* lists(): AsyncGenerator<Uint8Array> {
    const asStored = matching(await reader.storedList(file));
    if (asStored !== undefined) return yield asStored;
    const average = averageFor(file.size);
    const makers = [...new Set([average, averageFor(0)])].map((average) => new ListMaker(average));
    makers.push(ListMaker.fixed(Math.max(average, FIXED_AVERAGE)));
    for await (const chunk of reader.stored(file).chunks()) {
      for (const maker of makers) maker.update(chunk);
    }
    for (const maker of makers) {
      const bytes = matching(maker.end());
      if (bytes !== undefined) return yield bytes;
    }
  }

  function matching(list: ChunkList | undefined): Uint8Array | undefined {
    const bytes = list?.encode();
    return bytes && sha256(bytes) === part.sha256 ? bytes : undefined;
  }
}

async function digestOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createSha256();
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest();
}

// Verifies the files of many versions. Bytes that versions share are read once, and large files by
// threads.
import type { ByteRange, FileInfo, FilePiece } from "../../materializers/mod.ts";
import type { ChunkList } from "../../core/bytes/content_chunks.ts";
import { checkedChunks } from "../../core/bytes/rebuild.ts";
import { isRegistryError, type RegistryError, sha256, valueAt } from "../../core/kernel.ts";
import { PieceChecks } from "./piece_checks.ts";
import type { StoredFile } from "../../registry/extending.ts";
import { allParts, type PayloadSource, type Records, runsOf } from "../../registry/records.ts";
import type { Amounts, Selection } from "./selection.ts";

/** A file with the right bytes. */
interface Verified {
  /** Digest of its SHA-256 and of the places of its bytes. */
  id: string;
  list?: ChunkList;
  chunks: ReadonlyMap<string, number>;
}

/** Bounds what is remembered. */
const MAX_REMEMBERED_BYTES = 64 * 1024 * 1024;
const FILE_BYTES = 400;
/** Bytes of memory for each byte of a list of chunks. */
const PER_LIST_BYTE = 5;
/** One for all small files: a map for each would take 184 bytes. */
const NO_CHUNKS: Verified["chunks"] = new Map();

/** Remembers the last verified file at each path of a name. */
export class VerifiedFiles {
  /** True if records could not be read, and so the files that they name, or not all files. */
  isPartial = false;
  readonly #selection: Selection;
  readonly #checks: PieceChecks;
  readonly #turns = new Map<string, { done: Promise<Verified | undefined>; bytes: number }>();
  readonly #unselected = new Set<string>();
  #bytes = 0;

  constructor(threads: number, selection: Selection) {
    this.#selection = selection;
    this.#checks = new PieceChecks(threads);
  }

  /**
   * Returns a function that verifies what is selected of a file of a version, by `readAll` if need
   * be, and passes the amounts on first.
   */
  reading(
    source: PayloadSource,
    reader: ReturnType<Records["reader"]>,
    { cell, onFile, signal }: {
      cell: string;
      onFile: (path: string, amounts: Amounts) => void;
      signal?: AbortSignal;
    },
  ): (file: Pick<FileInfo, "path">, readAll: () => Promise<void>) => Promise<void> {
    const files = new Map(source.files.map((file) => [file.path, file]));
    const selection = this.#selection;
    return async ({ path }, readAll) => {
      const file = valueAt(files, path);
      const amounts = selection.amounts(source, file, cell);
      onFile(path, amounts);
      if (amounts.now === 0 && amounts.first !== "now") return;
      if (file.values !== undefined) await reader.checkedList(file); // reading needs none
      if (file.parts === undefined || file.values !== undefined) return await readAll();
      // One file after the other at each path: the next one needs the result.
      const id = `${source.info.name} ${path}`;
      const last = this.#turns.get(id)?.done ?? Promise.resolve(undefined);
      const areRight: Reading["areRight"] = (pieces) => this.#checks.areRight(pieces, signal);
      const turn = last.then((last) =>
        verifyFile(source, file, { reader, selection, last, areRight, readAll })
      );
      this.#remember(id, turn.catch(() => last), file);
      await turn;
    };
  }

  /** Notes that a file is not read: it lacks an object, which the shard of its record reports. */
  passOver(
    source: PayloadSource,
    file: StoredFile,
    { cell, record, isOwn }: { cell: string; record: string; isOwn: boolean },
  ): void {
    const { now, first } = this.#selection.amounts(source, file, cell);
    const isSelected = now > 0 || first === "now";
    if (isSelected && !isOwn) this.isPartial = true;
    if (!isSelected && isOwn) this.#unselected.add(`${record} ${file.path}`);
  }

  /** True for a problem of bytes that this run reads. */
  concerns({ record, path }: { record: string; path?: string }): boolean {
    return path !== undefined && !this.#unselected.has(`${record} ${path}`);
  }

  /** Ends its threads. */
  async end(): Promise<void> {
    await this.#checks.end();
  }

  #remember(id: string, done: Promise<Verified | undefined>, { chunks }: StoredFile): void {
    this.#forget(id);
    const bytes = FILE_BYTES + PER_LIST_BYTE * (chunks?.size ?? 0);
    this.#turns.set(id, { done, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#turns.keys()) {
      if (this.#bytes <= MAX_REMEMBERED_BYTES) return;
      this.#forget(oldest);
    }
  }

  #forget(id: string): void {
    this.#bytes -= this.#turns.get(id)?.bytes ?? 0;
    this.#turns.delete(id);
  }
}

interface Reading {
  reader: ReturnType<Records["reader"]>;
  selection: Selection;
  last?: Verified;
  areRight(pieces: readonly FilePiece[]): Promise<boolean>;
  readAll: () => Promise<void>;
}

async function verifyFile(
  source: PayloadSource,
  file: StoredFile,
  { reader, selection, last, areRight, readAll }: Reading,
): Promise<Verified> {
  const placed = allParts(file).map((part) => [
    source.keyOf(file, part),
    { ...part, from: undefined },
  ]);
  const id = sha256(JSON.stringify([file.sha256, file.size, file.encoding, placed]));
  if (id === last?.id) return last;
  const list = await reader.checkedList(file);
  if (list === undefined) {
    await readAll();
    return { chunks: NO_CHUNKS, ...last, id }; // the next one may need its chunks
  }
  const known = new Set<number>();
  const chunks = new Map<string, number>();
  let isDivided = false;
  for (const { chunk, key, offset, isWhole } of placesOf(source, file, list)) {
    const place = `${key} ${offset}`;
    const same = last?.chunks.get(place);
    const isLeft = !selection.reads(key, offset); // to another run
    isDivided ||= isLeft;
    if (isLeft || isWhole && same !== undefined && last!.list!.equals(same, list, chunk)) {
      known.add(chunk);
    }
    if (isWhole) chunks.set(place, chunk);
  }
  const readWhole = async () => {
    const pieces = await reader.directPieces(file, list);
    if (pieces === undefined || !await areRight(pieces)) await readAll(); // names the damage
  };
  await readOthers(reader, file, { list, known, isDivided, readWhole, readAll });
  return { id, list, chunks };
}

interface ChunkPlace {
  chunk: number;
  /** The object of its first byte. */
  key: string;
  offset: number;
  /** False for a chunk in two objects. */
  isWhole: boolean;
}

/** Yields the place of each chunk; equal ones may share it. */
function* placesOf(
  source: PayloadSource,
  file: StoredFile,
  list: ChunkList,
): Generator<ChunkPlace, undefined> {
  const runs = runsOf(file.parts).values();
  let run = runs.next().value!;
  for (let chunk = 0, from = 0; chunk < list.count; chunk++) {
    const to = from + list.lengthOf(chunk);
    while (run.start + run.size <= from) run = runs.next().value!;
    const { offset = 0, start, parts: [part] } = run;
    const key = source.keyOf(file, part);
    yield { chunk, key, offset: offset + from - start, isWhole: to <= run.start + run.size };
    from = to;
  }
}

/** Reads the other chunks of a file, or all of it if they are many, or wrong. */
async function readOthers(
  reader: ReturnType<Records["reader"]>,
  file: StoredFile,
  { list, known, isDivided, readWhole, readAll }: {
    list: ChunkList;
    known: ReadonlySet<number>;
    /** True if other runs read some of the known ones. */
    isDivided: boolean;
    readWhole: () => Promise<void>;
    readAll: () => Promise<void>;
  },
): Promise<void> {
  const ranges: Required<ByteRange>[] = [];
  let unread = 0;
  for (let chunk = 0, offset = 0; chunk < list.count; chunk++) {
    const length = list.lengthOf(chunk);
    const last = ranges.at(-1);
    if (!known.has(chunk)) {
      unread += length;
      if (last && last.offset + last.length === offset) last.length += length;
      else ranges.push({ offset, length });
    }
    offset += length;
  }
  if (unread * 2 > file.size && !isDivided) return await readWhole();
  let wrong: RegistryError | undefined;
  const error = () => wrong = reader.damagedList(file);
  const read = reader.storedRanges(file, ranges);
  try {
    for await (const _ of checkedChunks(read, { list, ranges, error }));
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    await readAll(); // names the damage
    if (wrong !== undefined) throw wrong; // the bytes are right
  }
}

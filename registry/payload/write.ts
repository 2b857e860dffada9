// The payload of one save: its files, their places, and the cleanup after a failure.
//
// `registry/operations/save.ts` uses it in this order, and then commits the record:
//
//   const payload = new Payload(store, operation, options);
//   const fits = await payload.gather(files); // into memory, as far as the record can hold them
//   if (!fits) await payload.begin(target).send(); // to `target.folder`, in parts
//   record.files = payload.files;
//
// Errors of the store, and errors of reading a file, are rethrown. `discard` then removes the files
// that were sent, but keeps them all if the outcome of the commit is unknown.
import { concatBytes } from "../../core/bytes/bytes.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import type { Executor } from "../../core/executor.ts";
import type { FilesToSave, FileToSave } from "../../core/materializer.ts";
import type { Encoding, StoredFile } from "../../core/record.ts";
import type { SaveOptions, TransferProgress } from "../../core/registry.ts";
import { STREAMED_BYTES } from "../../core/work/budget.ts";
import { inTurns } from "../../core/work/next_turn.ts";
import type { Operation } from "../cell/operation.ts";
import type { FileFacts, PayloadJobs, StoreValueJob, WrittenPart } from "./job_kinds.ts";
import type { Base } from "./base.ts";
import { earlierAt } from "./known.ts";
import type { SeenFiles } from "./seen_files.ts";
import type { Unfinished } from "./unfinished.ts";
import { FileWriter } from "./writing/file_writer.ts";
import { placeShared } from "./writing/place_shared.ts";
import { createSaveProgress, type WriteProgress } from "./writing/sender.ts";
import { type PayloadStore, Uploads } from "./writing/uploads.ts";

/** A value whose files are made where they are stored, possibly on another thread. */
export class ValueToStore {
  readonly value: Pick<StoreValueJob, "value" | "materializer" | "here">;
  readonly bytes: number;
  constructor(value: Pick<StoreValueJob, "value" | "materializer" | "here">, bytes: number) {
    this.value = value;
    this.bytes = bytes;
  }
}

/** Estimates the memory that the files of a save take, bytes, unless they are streamed. */
export function heldBytesOf(made: ValueToStore | Awaited<FilesToSave>): number {
  if (made instanceof ValueToStore) return Math.max(made.bytes, STREAMED_BYTES);
  if (!Array.isArray(made)) return STREAMED_BYTES;
  return made.reduce((sum, { content }: FileToSave) => {
    if (content instanceof Uint8Array) return sum + content.byteLength;
    const size = content instanceof ReadableStream ? STREAMED_BYTES : content.size;
    // other sizes are refused when the content is read
    return sum + (Number.isSafeInteger(size) && size >= 0 ? Math.min(size, STREAMED_BYTES) : 0);
  }, 0);
}

export interface PayloadTarget {
  folder: string;
  base?: Omit<Base, "key" | "found" | "answers" | "damaged">;
  wholeBase?: boolean;
  unfinished?: Unfinished;
  seen?: SeenFiles;
}

export interface PayloadOptions {
  executor: Executor<PayloadJobs>;
  compress?: Encoding;
  share?: SaveOptions["share"];
  onProgress?: (progress: TransferProgress) => void;
}

/**
 * The payload of one save. `gather` reads its files into memory; if they do not fit into the
 * record, `begin` gives it a folder in the store. After a failure, only garbage for `gc` remains.
 */
export class Payload {
  readonly #store: PayloadStore;
  readonly #operation: Operation;
  readonly #options: PayloadOptions;
  readonly #progress: WriteProgress;
  readonly #writer: FileWriter;
  #value?: ValueToStore;
  #upload?: PayloadUpload;

  constructor(store: PayloadStore, operation: Operation, options: PayloadOptions) {
    const { compress, onProgress } = options;
    this.#store = store;
    this.#operation = operation;
    this.#options = options;
    this.#progress = createSaveProgress(onProgress);
    const { signal } = operation;
    this.#writer = new FileWriter({ compress, signal, progress: this.#progress });
  }

  get files(): StoredFile[] {
    return (this.#upload ?? this.#writer).files;
  }

  get inline(): Uint8Array[] {
    return (this.#upload ?? this.#writer).inline;
  }

  /** True if it shares files with the base. */
  get sharing(): boolean {
    return this.#upload?.sharing ?? false;
  }

  get size(): number {
    return this.files.reduce((sum, { size }) => sum + size, 0);
  }

  get addedBytes(): number {
    const inline = this.inline.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return inline + addedParts(this.files, this.#upload?.added ?? new Map());
  }

  /** Reads files while they fit into the record. Returns true if that was all of them. */
  async gather(given: FilesToSave | ValueToStore): Promise<boolean> {
    if (!(given instanceof ValueToStore)) return await this.#writer.gather(given);
    this.#value = given;
    return false;
  }

  /** Gives the payload its folder, once. Sends nothing. */
  begin(target: PayloadTarget): PayloadUpload {
    const { executor, compress, share = "bytes" } = this.#options;
    const how = { folder: target.folder, executor, progress: this.#progress };
    const uploads = new Uploads(this.#store, this.#operation, how);
    const { signal } = this.#operation;
    const value = this.#value?.value;
    const content = { writer: this.#writer, value, compress, share, signal };
    return this.#upload = new PayloadUpload(uploads, target, content);
  }

  /**
   * Removes what was written, if possible, unless the record may have been committed. `goesOn`
   * leaves what the next save finds again.
   */
  async discard({ goesOn = false } = {}): Promise<void> {
    await this.#writer.drop();
    if (!this.#operation.unresolved) await this.#upload?.discard(goesOn);
  }

  /** Removes the note of interrupted saves, and writes that of seen files. */
  async ended(): Promise<void> {
    await this.#upload?.ended();
  }
}

interface ContentToSend {
  writer: FileWriter;
  /** Sent instead of the files of `writer`. */
  value?: ValueToStore["value"];
  compress?: Encoding;
  share: SaveOptions["share"];
  signal?: AbortSignal;
}

/** Lists of chunks are held until they have this size, bytes. */
const HELD_LISTS_BYTES = 8 * 1024 * 1024;

/** A payload with a folder in the store. */
export class PayloadUpload {
  files: StoredFile[];
  inline: Uint8Array[];
  sharing = false;
  readonly #uploads: Uploads;
  readonly #target: PayloadTarget;
  readonly #content: ContentToSend;
  /** Lists of chunks by the SHA-256 of their file, held and stored. */
  readonly #lists = new Map<string, Uint8Array>();
  readonly #stored = new Map<string, Required<Pick<StoredFile, "chunks">>["chunks"]>();

  constructor(uploads: Uploads, target: PayloadTarget, content: ContentToSend) {
    this.#uploads = uploads;
    this.#target = target;
    this.#content = content;
    this.files = content.writer.files;
    this.inline = content.writer.inline;
  }

  get added(): ReadonlyMap<number, number> {
    return this.#uploads.added;
  }

  /** Stores all files, except those that the base has. */
  async send(): Promise<void> {
    const { base, wholeBase = false } = this.#target;
    const { writer, value } = this.#content;
    const uploads = this.#uploads;
    if (wholeBase || this.#target.seen?.some) await base?.inspectAll();
    if (value !== undefined) await this.#sendValue(value, base);
    else await this.#sendFiles(writer, uploads, base);
    if (base !== undefined) await placeShared(this.files, base, uploads);
    await this.#storeLists();
    for await (const file of inTurns(this.files)) { // the digest of all comes next
      const chunks = file.encoding === undefined ? this.#stored.get(file.sha256) : undefined;
      if (file.parts !== undefined && file.from === undefined && chunks) file.chunks ??= chunks;
    }
  }

  async #sendFiles(writer: FileWriter, uploads: Uploads, base: PayloadTarget["base"]) {
    const bytes = this.#content.share === "bytes";
    await writer.send({
      storeFile: async (job, signal) => {
        const reply = await uploads.sendObject("storeFile", job, signal);
        this.#noteSharing(reply.parts);
        this.#noteObject(reply.object, [reply]);
        return reply;
      },
      sharing: (file) => bytes ? { earlier: base && earlierAt(base.earlier, file) } : undefined,
      keepList: (sha256, list) => this.#keepList(sha256, list),
      packFiles: async (job, signal) => {
        const reply = await uploads.sendObject("packFiles", job, signal);
        const files = reply.files.map(({ part, ...facts }) => ({
          ...facts,
          parts: part && [part],
        }));
        this.#noteObject(reply.object, files);
        return reply;
      },
      drop: (object) => uploads.drop(object),
      known: (size) => base?.known.get(size),
      left: (size) => this.#target.unfinished?.known.get(size),
      share: (file) => this.#share(file),
      shareLeft: (file) => this.#shareLeft(file),
      seen: this.#target.seen,
    });
  }

  /** Stores an object that is not a file. */
  async append(bytes: Uint8Array): Promise<{ object: number; size: number; sha256: string }> {
    const object = await this.#uploads.put(bytes);
    return { object, size: bytes.byteLength, sha256: sha256(bytes) };
  }

  async discard(goesOn: boolean): Promise<void> {
    const { unfinished } = this.#target;
    await this.#uploads.discard(goesOn ? unfinished?.own : undefined);
    await (goesOn ? unfinished?.written() : unfinished?.end());
  }

  async ended(): Promise<void> {
    await this.#target.unfinished?.end();
    await this.#target.seen?.keep();
  }

  async #sendValue(
    made: ValueToStore["value"],
    base?: Pick<Base, "known" | "earlier">,
  ): Promise<void> {
    this.sharing = false;
    const { compress, share, signal } = this.#content;
    const { known, earlier = new Map() } = base ?? {};
    const sharing = share === "bytes" ? earlier : undefined;
    const job = { ...made, compress, known, sharing };
    const { files, inline, lists } = await this.#uploads.storeValue(job, signal);
    this.files = files;
    this.inline = inline;
    for (const [sha256, list] of lists) await this.#keepList(sha256, list);
    for (const file of files) {
      this.#noteSharing(file.parts);
      if (file.inline !== undefined || file.parts !== undefined) continue;
      if (!await this.#share(file)) return await this.#sendValue(made); // store all of them again
    }
  }

  #noteSharing(parts: readonly WrittenPart[] = []): void {
    if (parts.some(({ from }) => from !== undefined)) this.sharing = true;
  }

  async #keepList(sha256: string, list: Uint8Array): Promise<void> {
    this.#lists.set(sha256, list);
    const held = [...this.#lists.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (held > HELD_LISTS_BYTES) await this.#storeLists();
  }

  /** Stores the lists that are held as one object. */
  async #storeLists(): Promise<void> {
    const lists = [...this.#lists];
    if (lists.length === 0) return;
    this.#lists.clear();
    const { object } = await this.append(concatBytes(lists.map(([, list]) => list)));
    let offset = 0;
    for (const [file, list] of lists) {
      const size = list.byteLength;
      this.#stored.set(file, { object, offset, size, sha256: sha256(list) });
      offset += size;
    }
  }

  /** Points a file to its bytes in the base. False if the base has lost them. */
  async #share(file: StoredFile): Promise<boolean> {
    const { base } = this.#target;
    if (!pointTo(file, await base?.share(plainFile(file)))) return false;
    if (!base!.copies) this.sharing = true;
    return true;
  }

  /** Copies a file that an interrupted save left. False if it is gone. */
  async #shareLeft(file: StoredFile): Promise<boolean> {
    const copy = (key: string) => this.#uploads.copy(key);
    return pointTo(file, await this.#target.unfinished?.share(plainFile(file), copy));
  }

  /** Notes an object whose files are whole in it. */
  #noteObject(
    object: number,
    files: readonly (FileFacts & { parts?: readonly WrittenPart[] })[],
  ): void {
    const isOwn = ({ from, object: other }: WrittenPart) => other === undefined && !from;
    const whole = files.flatMap(({ size, sha256, encoding, parts = [] }) => {
      const own = parts.length === 1 && parts.every(isOwn);
      const noted = parts.map((part) => ({ ...part, object }));
      return own ? [{ size, sha256, ...(encoding && { encoding }), parts: noted }] : [];
    });
    this.#target.unfinished?.note(object, whole);
  }
}

function plainFile({ encoding: _, ...plain }: StoredFile): StoredFile {
  return plain;
}

function pointTo(file: StoredFile, same: StoredFile | undefined): boolean {
  if (same === undefined) return false;
  delete file.encoding;
  Object.assign(file, same);
  return true;
}

/**
 * Returns the bytes of the payload's own objects, as far as files refer to those that jobs stored.
 */
function addedParts(files: readonly StoredFile[], added: ReadonlyMap<number, number>): number {
  const own = new Map<number, Map<number, number>>(); // by object and offset
  for (const { from: ofFile, parts = [] } of files) {
    for (const { object, offset = 0, size, from = ofFile } of parts) {
      if (from !== undefined || added.has(object)) continue;
      if (!own.has(object)) own.set(object, new Map());
      own.get(object)!.set(offset, size);
    }
  }
  const sizes = [...own.values()].flatMap((parts) => [...parts.values()]);
  return [...sizes, ...added.values()].reduce((sum, size) => sum + size, 0);
}

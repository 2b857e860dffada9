// The payload of one save: its files, where they are, and what of it must go if the save comes to
// nothing.
import { sha256 } from "../../core/bytes/digest.ts";
import type { Executor } from "../../core/executor.ts";
import type { FilesToSave, FileToSave } from "../../core/materializer.ts";
import type { Encoding, StoredFile } from "../../core/record.ts";
import type { TransferProgress } from "../../core/registry.ts";
import { STREAMED_BYTES } from "../../core/work/budget.ts";
import type { Operation } from "../cell/operation.ts";
import type { PayloadJobs, StoreValueJob } from "./job_kinds.ts";
import type { Base } from "./base.ts";
import type { Known } from "./known.ts";
import { createFileWriter, type FileWriter } from "./writing/file_writer.ts";
import { createSaveProgress, type WriteProgress } from "./writing/progress.ts";
import { createUploads, type PayloadStore, type Uploads } from "./writing/uploads.ts";

/** A value whose files are made where they are stored, which may be on another thread. */
export class ValueToStore {
  readonly value: Pick<StoreValueJob, "value" | "materializer" | "here">;
  readonly bytes: number;
  constructor(value: Pick<StoreValueJob, "value" | "materializer" | "here">, bytes: number) {
    this.value = value;
    this.bytes = bytes;
  }
}

/** Bytes of memory that the files of a save take, as far as they are not read piece by piece. */
export function heldBytesOf(made: ValueToStore | Awaited<FilesToSave>): number {
  if (made instanceof ValueToStore) return Math.max(made.bytes, STREAMED_BYTES);
  if (!Array.isArray(made)) return STREAMED_BYTES;
  return made.reduce((sum, { content }: FileToSave) => {
    if (content instanceof Uint8Array) return sum + content.byteLength;
    const size = content instanceof ReadableStream ? STREAMED_BYTES : content.size;
    return sum + (Number.isSafeInteger(size) && size >= 0 ? Math.min(size, STREAMED_BYTES) : 0); // else it is refused where it is read
  }, 0);
}

export interface PayloadTarget {
  folder: string;
  base?: Pick<Base, "known" | "share" | "copies" | "copyAll">;
  wholeBase?: boolean;
}

export interface PayloadOptions {
  executor: Executor<PayloadJobs>;
  compress?: Encoding;
  onProgress?: (progress: TransferProgress) => void;
}

/** The payload of one save. On a failure nothing stays but what the janitor collects. */
export class Payload {
  files: StoredFile[];
  inline: Uint8Array[];
  /** Whether it shares files with the base. */
  sharing = false;
  readonly #store: PayloadStore;
  readonly #operation: Operation;
  readonly #options: PayloadOptions;
  readonly #progress: WriteProgress;
  readonly #writer: FileWriter;
  #value?: ValueToStore;
  #base?: PayloadTarget["base"];
  #wholeBase = false;
  #appended = 0;
  #uploads?: Uploads;

  constructor(store: PayloadStore, operation: Operation, options: PayloadOptions) {
    const { compress, onProgress } = options;
    this.#store = store;
    this.#operation = operation;
    this.#options = options;
    this.#progress = createSaveProgress(onProgress);
    const { signal } = operation;
    this.#writer = createFileWriter({ compress, signal, progress: this.#progress });
    this.files = this.#writer.files;
    this.inline = this.#writer.inline;
  }

  get size(): number {
    return this.files.reduce((sum, { size }) => sum + size, 0);
  }

  get addedBytes(): number {
    const bytes = this.inline.reduce((sum, { byteLength }) => sum + byteLength, this.#appended);
    return bytes + addedParts(this.files, this.#uploads?.copied ?? new Map());
  }

  /** Takes files while they fit into the record. True where that was all of them: nothing need be sent. */
  async gather(given: FilesToSave | ValueToStore): Promise<boolean> {
    if (!(given instanceof ValueToStore)) return await this.#writer.gather(given);
    this.#value = given;
    return false;
  }

  begin({ folder, base, wholeBase = false }: PayloadTarget): void {
    this.#base = base;
    this.#wholeBase = wholeBase;
    const { executor } = this.#options;
    const how = { folder, executor, progress: this.#progress };
    this.#uploads = createUploads(this.#store, this.#operation, how);
  }

  async send(): Promise<void> {
    const base = this.#base;
    const { storeFile, packFiles, drop, copy } = this.#uploads!;
    if (this.#wholeBase && base?.copies) await base.copyAll(copy);
    if (this.#value !== undefined) return await this.#sendValue(this.#value.value, base?.known);
    const known = (size: number) => base?.known.get(size);
    const share = (file: StoredFile) => this.#share(file);
    await this.#writer.send({ storeFile, packFiles, drop, known, share });
  }

  async append(bytes: Uint8Array): Promise<{ object: number; size: number; sha256: string }> {
    const object = await this.#uploads!.put(bytes);
    this.#appended += bytes.byteLength;
    return { object, size: bytes.byteLength, sha256: sha256(bytes) };
  }

  /** Removes what was written, as far as possible: nothing will refer to it. Not where the record may be there after all. */
  async discard(): Promise<void> {
    await this.#writer.drop();
    if (!this.#operation.unresolved) await this.#uploads?.discard();
  }

  async #sendValue(
    made: ValueToStore["value"],
    known?: ReadonlyMap<number, Known>,
  ): Promise<void> {
    this.sharing = false;
    const { compress } = this.#options;
    const job = { ...made, compress, known };
    const { files, inline } = await this.#uploads!.storeValue(job, this.#operation.signal);
    this.files = files;
    this.inline = inline;
    for (const file of files) {
      if (file.inline !== undefined || file.parts !== undefined) continue;
      if (!await this.#share(file)) return await this.#sendValue(made); // all of them anew: they need not be the same
    }
  }

  /** Puts into a file where the base has it. False where the base has lost it. */
  async #share(file: StoredFile): Promise<boolean> {
    const { encoding: _, ...plain } = file;
    const same = await this.#base?.share(plain, this.#uploads!.copy);
    if (same === undefined) return false;
    delete file.encoding;
    Object.assign(file, same);
    if (!this.#base!.copies) this.sharing = true;
    return true;
  }
}

/** Bytes of the payload's own objects, as far as files refer to them, and all of those that were copied. */
function addedParts(files: readonly StoredFile[], copied: ReadonlyMap<number, number>): number {
  const own = new Map<string, number>();
  for (const { from: ofFile, parts = [] } of files) {
    for (const { object, offset = 0, size, from = ofFile } of parts) {
      if (from === undefined && !copied.has(object)) own.set(`${object} ${offset}`, size);
    }
  }
  return [...own.values(), ...copied.values()].reduce((sum, size) => sum + size, 0);
}

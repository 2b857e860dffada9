// The payload of one save: its files, where they are, and what of it must go if the save comes to
// nothing.
import { sha256 } from "../../core/bytes/digest.ts";
import type { Executor } from "../../core/executor.ts";
import type { FilesToSave, FileToSave } from "../../core/materializer.ts";
import type { Encoding, StoredFile } from "../../core/record/record.ts";
import type { TransferProgress } from "../../core/registry.ts";
import { STREAMED_BYTES } from "../../core/work/budget.ts";
import type { Operation } from "../cell/operation.ts";
import type { PayloadJobs, StoreValueJob } from "../jobs/kinds.ts";
import type { Base } from "./base.ts";
import type { Known } from "./known.ts";
import { createFileWriter } from "./writing/file_writer.ts";
import { createSaveProgress } from "./writing/progress.ts";
import { createUploads } from "./writing/uploads.ts";
import type { PayloadStore, Uploads } from "./writing/uploads.ts";

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

export interface Payload {
  readonly files: StoredFile[];
  readonly inline: Uint8Array[];
  readonly size: number;
  readonly addedBytes: number;
  readonly sharing: boolean;
  /** Takes files while they fit into the record. True where that was all of them: nothing need be sent. */
  gather(files: FilesToSave | ValueToStore): Promise<boolean>;
  begin(target: PayloadTarget): void;
  send(): Promise<void>;
  append(bytes: Uint8Array): Promise<{ object: number; size: number; sha256: string }>;
  /** Removes what was written, as far as possible: nothing will refer to it. Not where the record may be there after all. */
  discard(): Promise<void>;
}

/** Begins a payload. On a failure nothing stays but what the janitor collects. */
export function createPayload(
  store: PayloadStore,
  operation: Operation,
  { executor, compress, onProgress }: PayloadOptions,
): Payload {
  const { signal } = operation;
  const progress = createSaveProgress(onProgress);
  const writer = createFileWriter({ compress, signal, progress });
  let files = writer.files, inline = writer.inline;
  let sharing = false;
  let value: ValueToStore | undefined;
  let base: PayloadTarget["base"];
  let wholeBase = false;
  let appended = 0;
  let uploads: Uploads | undefined;

  return {
    get files() {
      return files;
    },
    get inline() {
      return inline;
    },
    get size() {
      return files.reduce((sum, { size }) => sum + size, 0);
    },
    get addedBytes() {
      const bytes = inline.reduce((sum, { byteLength }) => sum + byteLength, appended);
      return bytes + addedParts(files, uploads?.copied ?? new Map());
    },
    get sharing() {
      return sharing;
    },
    async gather(given) {
      if (!(given instanceof ValueToStore)) return await writer.gather(given);
      value = given;
      return false;
    },
    begin(target) {
      base = target.base;
      wholeBase = target.wholeBase ?? false;
      uploads = createUploads(store, operation, { folder: target.folder, executor, progress });
    },
    async send() {
      if (wholeBase && base?.copies) await base.copyAll(uploads!.copy);
      if (value !== undefined) return await sendValue(value.value, base?.known);
      await writer.send({
        storeFile: uploads!.storeFile,
        packFiles: uploads!.packFiles,
        drop: uploads!.drop,
        known: (size) => base?.known.get(size),
        share,
      });
    },
    async append(bytes) {
      const object = await uploads!.put(bytes);
      appended += bytes.byteLength;
      return { object, size: bytes.byteLength, sha256: sha256(bytes) };
    },
    async discard() {
      await writer.drop();
      if (!operation.unresolved) await uploads?.discard();
    },
  };

  async function sendValue(
    made: ValueToStore["value"],
    known?: ReadonlyMap<number, Known>,
  ): Promise<void> {
    sharing = false;
    ({ files, inline } = await uploads!.storeValue({ ...made, compress, known }, signal));
    const missing = files.filter(({ inline, parts }) =>
      inline === undefined && parts === undefined
    );
    for (const file of missing) {
      if (!await share(file)) return await sendValue(made); // all of them anew: they need not be the same
    }
  }

  /** Puts into a file where the base has it. False where the base has lost it. */
  async function share(file: StoredFile): Promise<boolean> {
    const { encoding: _, ...plain } = file;
    const same = await base?.share(plain, uploads!.copy);
    if (same === undefined) return false;
    delete file.encoding;
    Object.assign(file, same);
    if (!base!.copies) sharing = true;
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

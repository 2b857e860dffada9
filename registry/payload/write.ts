// The payload of one save: its files, in memory as far as the record can hold them.
//
// `registry/operations/save.ts` uses it in this order, and then commits the record:
//
//   const payload = new Payload(options);
//   const fits = await payload.gather(files); // into memory, while the record can hold them
//   const folder = new PayloadFolder(store, operation, { ...options, key });
//   if (!fits) await storePayload(payload, { folder, shelves }, options); // by a `SendQueue`
//   record.files = payload.files;
//
// `Payload` opens the files, `SendQueue` has those on their way (packed, or large ones several at a
// time), `PayloadFolder` the objects in the store, and a `Shelf` files that are stored already.
//
// Errors of the store, and errors of reading a file, are rethrown. `drop` then closes files that
// were not read, and the folder's `discard` removes what was sent. It must not be called if the
// outcome of the commit is unknown.
import type { FilesToSave, FileToSave } from "../../core/materializer.ts";
import type { Encoding, StoredFile } from "../../core/record.ts";
import type { TransferProgress } from "../../core/registry.ts";
import { withDeadline } from "../../core/retry.ts";
import { nextTurn } from "../../core/work/next_turn.ts";
import { untilAborted } from "../../core/work/until_aborted.ts";
import { checkFileList, checkHeap } from "../../core/calls/file_limit.ts";
import { fileFacts } from "../../core/registry/file_facts.ts";
import type { FileFacts, StoreValueJob } from "./job_kinds.ts";
import { type Content, createPathCheck, openContent } from "./content.ts";
import { readSmall, SMALL_FILE_BYTES } from "./content.ts";
import { factsOf } from "./stored_content.ts";
import { encodeSmall } from "./writing/store_file.ts";

/** Files up to this total size, as stored, are in the record. */
const INLINE_BYTES = 64 * 1024;
/** Small files are written without waiting for anything, so other work would wait for all. */
const CHARACTERS_IN_A_TURN = 50_000, CHARACTERS_OF_FILE = 100;

/** A value, with what a job needs to make its files. */
export type MadeByJob = Pick<StoreValueJob, "value" | "materializer" | "here">;

/** A value whose files are made where they are stored, possibly on another thread. */
export class ValueToStore {
  readonly value: MadeByJob;
  readonly bytes: number;
  constructor(value: MadeByJob, bytes: number) {
    this.value = value;
    this.bytes = bytes;
  }
}

export interface WriteProgress {
  moved(path: string, bytes: number): void | Promise<void>;
  count(bytes: number): void;
}

interface PayloadOptions {
  /** True for a part of a draft, whose list of files is one object. @default false */
  isPart?: boolean;
  compress?: Encoding;
  progress: WriteProgress;
  signal?: AbortSignal;
}

export interface FileToSend {
  file: StoredFile;
  content: Content;
  /** Facts of a small file, if its bytes are stored unchanged. */
  as?: FileFacts;
  /** True for content that is stored before the next file is read. */
  passing: boolean;
}

/** A file whose bytes, as stored, fit into the record. */
interface Held extends Pick<FileToSend, "file" | "as"> {
  content: Uint8Array;
  bytes: Uint8Array;
}

/** The files given to a payload, and the position in them. */
interface Given {
  rest: ArrayIterator<FileToSave> | AsyncGenerator<FileToSave>;
  /** All files, if they came as a list. */
  listed?: FileToSave[];
  /** The last opened file, if it does not fit into the record. */
  next?: FileToSend;
}

/**
 * The files of one save. `gather` reads them while they fit into the record. If some do not, `rest`
 * opens them one by one, to be sent.
 */
export class Payload {
  readonly options: PayloadOptions;
  /** A value whose files a job makes and stores, instead of files that are sent. */
  value?: MadeByJob;
  files: StoredFile[] = [];
  inline: Uint8Array[] = [];
  readonly #checks: FileToSave[] = [];
  readonly #checkPath: (file: FileToSave) => void = createPathCheck();
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #characters = 0; // since the last turn
  #given?: Given;

  constructor(options: PayloadOptions) {
    this.options = options;
  }

  get size(): number {
    return this.files.reduce((sum, { size }) => sum + size, 0);
  }

  /** Reads files while they fit into the record. Returns true if that was all of them. */
  async gather(files: FilesToSave | ValueToStore): Promise<boolean> {
    if (files instanceof ValueToStore) {
      this.value = files.value;
      return false;
    }
    const { signal } = this.options;
    const all = Symbol.asyncIterator in files
      ? files
      : await withDeadline(Promise.resolve(files), { signal });
    if (Array.isArray(all)) {
      if (this.options.isPart) checkFileList(all.map(listedOf));
      else checkHeap("save", "files", all.length);
    }
    const source: Given = this.#given = Array.isArray(all)
      ? { rest: all.values(), listed: all }
      : { rest: untilAborted(all, signal) };
    for (let item = await source.rest.next(); !item.done; item = await source.rest.next()) {
      const taken = await this.#take(item.value, source);
      if (!await this.#hold(taken)) source.next = taken;
      if (source.next !== undefined || this.#heldBytes > INLINE_BYTES) return false;
    }
    await this.check();
    await this.#placeInline();
    return true;
  }

  /** Yields all files, after `gather`: those that it holds, and the others as they are opened. */
  async *rest(): AsyncGenerator<FileToSend> {
    const source = this.#given!;
    for (const { file, content, as } of this.#held) {
      yield { file, content: { kind: "small", content }, as, passing: false };
    }
    if (source.next !== undefined) yield source.next;
    for await (const file of source.rest) yield await this.#take(file, source);
  }

  /** Runs the checks of the files, once all are read. */
  async check(): Promise<void> {
    for (const file of this.#checks) await file.check!();
  }

  /** Closes the files that were not read. Ignores failures: the outcome is known already. */
  async drop(): Promise<void> {
    if (this.#given === undefined) return;
    const { next, rest, listed = [] } = this.#given;
    if (next?.content.kind === "large") await next.content.content.cancel?.();
    await Promise.resolve(rest.return?.(undefined)).catch(() => {});
    for (const file of listed) {
      const content = file?.content; // entries may be invalid
      if (content instanceof ReadableStream) closeUnread(content);
    }
  }

  async #take(file: FileToSave, { listed }: Given): Promise<FileToSend> {
    const { signal, progress } = this.options;
    signal?.throwIfAborted();
    this.#checkPath(file);
    if (file.check !== undefined) this.#checks.push(file);
    const content = await openContent(file, signal);
    const stored: StoredFile = { path: file.path, size: 0, sha256: "", ...fileFacts(file) };
    if (content.kind === "placed") {
      Object.assign(stored, content.placed.file);
      progress.count(stored.size);
    }
    this.files.push(stored);
    this.#characters += CHARACTERS_OF_FILE + file.path.length; // each folder in a path is checked
    if (this.#characters > CHARACTERS_IN_A_TURN) {
      this.#characters = 0;
      await nextTurn();
    }
    const passing = file.content instanceof ReadableStream ||
      (listed === undefined && file.content instanceof Uint8Array);
    return { file: stored, content, passing };
  }

  /** Holds the bytes of a file for the record. False if the file is too large. */
  async #hold({ file, content }: FileToSend): Promise<boolean> {
    if (content.kind === "large") return false;
    if (content.kind === "placed") return true;
    if (content.kind === "stored") {
      const { stored } = content;
      if (!stored.file.inline || stored.size > SMALL_FILE_BYTES) return false;
      const bytes = await stored.bytes();
      const as = factsOf(file, stored);
      this.#keep({ file, content: bytes, as, bytes });
      return true;
    }
    const plain = readSmall(content.content);
    const { facts, bytes } = encodeSmall(plain, this.options.compress);
    Object.assign(file, facts);
    this.#keep({ file, content: plain, bytes });
    return true;
  }

  #keep(held: Held): void {
    this.#held.push(held);
    this.#heldBytes += held.bytes.byteLength;
  }

  async #placeInline(): Promise<void> {
    let offset = 0;
    for (const { file, bytes } of this.#held) {
      file.inline = [offset, bytes.byteLength];
      offset += bytes.byteLength;
      this.inline.push(bytes);
      await this.options.progress.moved(file.path, file.size);
    }
  }
}

/** Entries may be invalid: each is checked in its turn. */
function listedOf(file?: Partial<FileToSave>): { path: string; size?: number } {
  const { byteLength, size = byteLength } = (file?.content ?? {}) as Partial<Uint8Array & Blob>;
  return { path: String(file?.path), size };
}

/** Closes a stream that was never read. */
function closeUnread(stream: ReadableStream): void {
  if (!stream.locked) stream.cancel().catch(() => {}); // the save has failed already
}

/** The sum of what moved. It begins at nothing, and never falls. */
export function createSaveProgress(
  onProgress: ((progress: TransferProgress) => void) | undefined,
): WriteProgress {
  let sum = 0;
  const count = (bytes: number) => void (sum += Math.max(bytes, 0));
  return {
    moved(path, bytes) {
      count(bytes);
      onProgress?.({ path, bytes: sum });
    },
    count,
  };
}

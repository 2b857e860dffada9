// The folder of one payload in the store: its objects, numbered in the order of requests and
// written by jobs, and what its files share with other versions.
import type { ByteRange, PutResult } from "../../../core/backend.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { isRegistryError, unavailable } from "../../../core/errors.ts";
import type { Executor, RunOptions } from "../../../core/executor.ts";
import { valueAt } from "../../../core/faults/present.ts";
import type { Encoding, StoredFile } from "../../../core/record.ts";
import type { SaveOptions } from "../../../core/registry.ts";
import { inTurns } from "../../../core/work/next_turn.ts";
import { removeObjects } from "../../../core/work/remove_objects.ts";
import type { Moment, Operation } from "../../cell/operation.ts";
import type { OpeningStore, Store } from "../../cell/store.ts";
import { ALIVE } from "../../format/layout.ts";
import type { Base } from "../base.ts";
import type {
  ByteSharing,
  FileFacts,
  PayloadJobs,
  StoredFileReply,
  StoringKind,
  UnplacedJob,
  WrittenPart,
} from "../job_kinds.ts";
import { earlierAt, type Known } from "../known.ts";
import type { SeenFiles } from "../seen_files.ts";
import type { NotedFile, Unfinished } from "../unfinished.ts";
import type { MadeByJob, Payload } from "../write.ts";
import { placeShared } from "./place_shared.ts";
import type { Destination, Sent, WriteProgress } from "./send_queue.ts";

/**
 * Time limit for removing an abandoned payload: aborting a save must not wait for a silent store.
 */
const DISCARD_MS = 5_000;
/** Numbers reserved for a value, whose thread may be lost after using some of them. */
const NUMBERS_OF_A_VALUE = 1_000_000;
/** Lists of chunks are held until they have this size, bytes. */
const HELD_LISTS_BYTES = 8 * 1024 * 1024;

type PayloadOperation = Pick<
  Operation,
  "action" | "signal" | "unresolved" | "checkSend" | "moment" | "ageMs" | "noteReply" | "renew"
>;

type PayloadStore = Pick<Store, "backend" | "logger"> & Pick<OpeningStore, "settings">;

export interface PayloadFolderOptions {
  folder: string;
  executor: Executor<PayloadJobs>;
  progress: WriteProgress;
  compress?: Encoding;
  /** @default "bytes" */
  share?: SaveOptions["share"];
  base?: Omit<Base, "key" | "found" | "answers" | "damaged">;
  wholeBase?: boolean;
  unfinished?: Unfinished;
  seenFiles?: SeenFiles;
}

export class PayloadFolder implements Destination {
  /** True if files are shared with the base. */
  sharing = false;
  readonly #store: PayloadStore;
  readonly #operation: PayloadOperation;
  readonly #options: PayloadFolderOptions;
  readonly #sent = new Set<number>();
  /** The objects that no job stored, and the bytes that each added. */
  readonly #added = new Map<number, number>();
  /** Lists of chunks by the SHA-256 of their file, held and stored. */
  readonly #lists = new Map<string, Uint8Array>();
  readonly #stored = new Map<string, Required<Pick<StoredFile, "chunks">>["chunks"]>();
  #last = -1;
  /** True once a value was sent: the number of its objects is known at its end, if at all. */
  #guessing = false;
  #aliveAt: Moment;

  constructor(store: PayloadStore, operation: PayloadOperation, options: PayloadFolderOptions) {
    this.#store = store;
    this.#operation = operation;
    this.#options = options;
    this.#aliveAt = operation.moment();
  }

  get seenFiles(): SeenFiles | undefined {
    return this.#options.seenFiles;
  }

  /** Stores all files of a payload, except those that the base has. */
  async store(payload: Payload): Promise<void> {
    const { base, wholeBase = false, seenFiles } = this.#options;
    if (wholeBase || seenFiles?.some) await base?.inspectAll();
    if (payload.value === undefined) await payload.send(this);
    else await this.#storeValue(payload, payload.value, base);
    if (base !== undefined) await placeShared(payload.files, base, this);
    await this.#storeLists();
    for await (const file of inTurns(payload.files)) { // the digest of all comes next
      const chunks = file.encoding === undefined ? this.#stored.get(file.sha256) : undefined;
      if (file.parts !== undefined && file.from === undefined && chunks) file.chunks ??= chunks;
    }
  }

  /**
   * Stores objects by a job: one with files, or those of a value. If the thread of the job is lost,
   * the job runs again with new numbers. Returns the number of the first object.
   */
  async run<N extends StoringKind>(
    kind: N,
    job: UnplacedJob<N>,
    signal?: AbortSignal,
  ): Promise<Sent<PayloadJobs[N]["result"]>> {
    const { executor, progress, folder, unfinished } = this.#options;
    let object = 0;
    const make = () => {
      object = this.#next(kind === "storeValue" ? NUMBERS_OF_A_VALUE : 1);
      const place = kind === "storeValue" ? { folder, first: object } : { to: this.#keyOf(object) };
      return { ...job, ...place } as PayloadJobs[N]["job"];
    };
    const options: RunOptions<PayloadJobs[N]["job"]> = {
      signal,
      onProgress: ({ path, bytes }) => {
        if (bytes > 0) progress.moved(path, bytes);
        return this.#keepAlive();
      },
      again: make,
    };
    const first = make();
    await this.#keepAlive();
    this.#operation.checkSend();
    const reply = await executor.run(kind, first, options).catch(this.#notCommitted);
    if (reply.info !== undefined) this.#operation.noteReply(reply.info);
    const files = "files" in reply ? reply.files : [reply as StoredFileReply];
    for (const { parts = [] } of files) {
      if (parts.some(({ from }) => from !== undefined)) this.sharing = true;
    }
    unfinished?.note(object, wholeFiles(object, files));
    return { object, ...reply };
  }

  known(size: number): Known | undefined {
    return this.#options.base?.known.get(size);
  }

  leftDigests(size: number): Known | undefined {
    return this.#options.unfinished?.known.get(size);
  }

  bytesToShare(file: { path: string; size?: number }): ByteSharing | undefined {
    const { base, share = "bytes" } = this.#options;
    return share === "bytes" ? { earlier: base && earlierAt(base.earlier, file) } : undefined;
  }

  async keepList(sha256: string, list: Uint8Array): Promise<void> {
    this.#lists.set(sha256, list);
    const held = [...this.#lists.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (held > HELD_LISTS_BYTES) await this.#storeLists();
  }

  async share(file: StoredFile): Promise<boolean> {
    const { base } = this.#options;
    if (!pointTo(file, await base?.share(plainFile(file)))) return false;
    if (!base!.copies) this.sharing = true;
    return true;
  }

  async shareLeft(file: StoredFile): Promise<boolean> {
    const copy = (key: string) => this.copy(key);
    return pointTo(file, await this.#options.unfinished?.share(plainFile(file), copy));
  }

  /** Copies an object of the store and returns its new number. */
  async copy(key: string): Promise<number> {
    const { signal } = this.#operation;
    const object = this.#next();
    await this.#keepAlive();
    this.#operation.checkSend();
    const info = await this.#store.backend.copy!(key, this.#keyOf(object), { signal })
      .catch(this.#notCommitted);
    this.#operation.noteReply(info);
    this.#added.set(object, info.linked ? 0 : info.size);
    return object;
  }

  /** Reads a range of an object of another save; undefined if the object is missing or shorter. */
  async read(key: string, range: Required<ByteRange>): Promise<Uint8Array | undefined> {
    if (range.length === 0) return new Uint8Array();
    await this.#keepAlive();
    const object = await this.#store.backend.get(key, { range, signal: this.#operation.signal });
    const bytes = await object?.bytes();
    return bytes?.byteLength === range.length ? bytes : undefined;
  }

  /** Stores bytes that are not a file as one object, and returns its number. */
  async put(bytes: Uint8Array): Promise<number> {
    const object = this.#next();
    await this.#keepAlive();
    const result = await this.#put(this.#keyOf(object), bytes);
    if (result.written) this.#operation.noteReply(result.info);
    this.#added.set(object, bytes.byteLength);
    return object;
  }

  async drop(object: number): Promise<void> {
    const { backend, logger } = this.#store;
    const { signal, action } = this.#operation;
    const key = this.#keyOf(object);
    try {
      await backend.delete(key, { signal });
      this.#sent.delete(object);
    } catch (error) {
      logger.debug(`${action}: could not delete unused "${key}"`, error);
    }
  }

  /** Returns the bytes of the objects that were stored and that files use. */
  addedBytes(files: readonly StoredFile[]): number {
    const own = new Map<number, Map<number, number>>(); // by object and offset
    for (const { from: ofFile, parts = [] } of files) {
      for (const { object, offset = 0, size, from = ofFile } of parts) {
        if (from !== undefined || this.#added.has(object)) continue;
        if (!own.has(object)) own.set(object, new Map());
        valueAt(own, object).set(offset, size);
      }
    }
    const sizes = [...own.values()].flatMap((parts) => [...parts.values()]);
    return [...sizes, ...this.#added.values()].reduce((sum, size) => sum + size, 0);
  }

  /** Removes the note of interrupted saves, and writes that of seen files. */
  async ended(): Promise<void> {
    await this.#options.unfinished?.end();
    await this.seenFiles?.keep();
  }

  /**
   * Removes the objects that were sent, if the store answers in time. `goesOn` leaves those that
   * the next save finds again.
   */
  async discard({ goesOn = false } = {}): Promise<void> {
    const { folder, unfinished } = this.#options;
    const { backend, logger } = this.#store;
    const { action } = this.#operation;
    const sent = Array.from(this.#sent, (object) => this.#keyOf(object));
    const keys = new Set([`${folder}${ALIVE}`, ...sent]);
    const own = goesOn && unfinished?.own.size ? [ALIVE, ...unfinished.own] : [];
    const signal = AbortSignal.timeout(DISCARD_MS);
    try {
      if (this.#guessing) {
        for await (const entry of backend.list(folder, { signal })) {
          if ("key" in entry) keys.add(entry.key);
        }
      }
      for (const object of own) keys.delete(`${folder}${object}`);
      const failures = await removeObjects(backend, [...keys], signal);
      for (const [key, error] of failures) {
        logger.debug(`${action}: left "${key}" for gc`, error);
      }
    } catch (error) {
      logger.debug(`${action}: left its objects for gc`, error);
    }
    await (goesOn ? unfinished?.written() : unfinished?.end());
  }

  async #storeValue(
    payload: Payload,
    value: MadeByJob,
    base?: Pick<Base, "known" | "earlier">,
  ): Promise<void> {
    this.#guessing = true;
    const { compress, share = "bytes" } = this.#options;
    const { known, earlier = new Map() } = base ?? {};
    const sharing = share === "bytes" ? earlier : undefined;
    const job = { ...value, compress, known, sharing };
    const reply = await this.run("storeValue", job, this.#operation.signal);
    for (let n = 0; n < reply.objects; n++) this.#sent.add(reply.object + n);
    payload.files = reply.files;
    payload.inline = reply.inline;
    for (const [sha256, list] of reply.lists) await this.keepList(sha256, list);
    for (const file of reply.files) {
      if (file.inline !== undefined || file.parts !== undefined) continue;
      if (await this.share(file)) continue;
      this.sharing = false;
      return await this.#storeValue(payload, value); // stores all of them again
    }
  }

  /** Stores the lists that are held as one object. */
  async #storeLists(): Promise<void> {
    const lists = [...this.#lists];
    if (lists.length === 0) return;
    this.#lists.clear();
    const object = await this.put(concatBytes(lists.map(([, list]) => list)));
    let offset = 0;
    for (const [file, list] of lists) {
      const size = list.byteLength;
      this.#stored.set(file, { object, offset, size, sha256: sha256(list) });
      offset += size;
    }
  }

  #keyOf(object: number): string {
    return `${this.#options.folder}${object}`;
  }

  /** Reserves numbers and returns the first. */
  #next(count = 1): number {
    const first = this.#last + 1;
    this.#last += count;
    if (count === 1) this.#sent.add(first);
    return first;
  }

  /** Signals the garbage collector that an upload is under way. Most calls do nothing. */
  async #keepAlive(): Promise<void> {
    const operation = this.#operation;
    if (operation.ageMs(this.#aliveAt) < this.#store.settings.leastGraceMs / 16) return;
    const sentAt = this.#aliveAt = operation.moment();
    const result = await this.#put(`${this.#options.folder}${ALIVE}`, new Uint8Array());
    if (result.written) operation.renew(result.info, sentAt);
    this.#aliveAt = operation.moment();
  }

  #put(key: string, bytes: Uint8Array): Promise<PutResult> {
    const { signal } = this.#operation;
    this.#operation.checkSend();
    return this.#store.backend.put(key, bytes, { size: bytes.byteLength, signal })
      .catch(this.#notCommitted);
  }

  /** The outcome of a request may stay unknown: no record refers to its object yet. */
  readonly #notCommitted = (error: unknown): never => {
    if (!isRegistryError(error) || (!error.maybeWritten && error.code !== "Unknown")) throw error;
    const state = `${error.state ?? "the store did not respond"}, so nothing was committed`;
    throw unavailable(this.#operation.action, undefined, state, {
      hint: "Try again.",
      key: error.key,
      backend: this.#store.backend.location,
      cause: error,
    });
  };
}

/** Returns the files that are whole in one object. */
function wholeFiles(
  object: number,
  files: readonly (FileFacts & { parts?: readonly WrittenPart[] })[],
): NotedFile[] {
  const isOwn = ({ from, object: other }: WrittenPart) => other === undefined && !from;
  return files.flatMap(({ size, sha256, encoding, parts = [] }) => {
    const own = parts.length === 1 && parts.every(isOwn);
    const noted = parts.map((part) => ({ ...part, object }));
    return own ? [{ size, sha256, ...(encoding && { encoding }), parts: noted }] : [];
  });
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

// The folder of one payload in the store: its objects, numbered in the order of requests.
import type {
  Backend,
  ByteRange,
  CopiedObject,
  CopyObjectOptions,
  PutResult,
} from "../../../core/backend.ts";
import { isRegistryError, unavailable } from "../../../core/errors.ts";
import type { Executor, RunOptions } from "../../../core/executor.ts";
import { valueAt } from "../../../core/faults/present.ts";
import type { StoredFile } from "../../../core/record.ts";
import { copiesFrom } from "../../../core/driver.ts";
import { removeObjects } from "../../../core/work/remove_objects.ts";
import type { Moment, Operation } from "../../cell/operation.ts";
import type { OpeningStore, Store } from "../../cell/store.ts";
import { ALIVE } from "../../format/layout.ts";
import type { PayloadJobs, StoringKind, UnplacedJob } from "../job_kinds.ts";
import type { WriteProgress } from "../write.ts";
import type { ObjectFolder, Sent } from "./send_queue.ts";

/**
 * Time limit for removing an abandoned payload: aborting a save must not wait for a silent store.
 */
const DISCARD_MS = 5_000;
/** Numbers reserved for a value, whose thread may be lost after using some of them. */
const NUMBERS_OF_A_VALUE = 1_000_000;

type PayloadOperation = Pick<
  Operation,
  "action" | "signal" | "unresolved" | "checkSend" | "moment" | "ageMs" | "noteReply" | "renew"
>;

type PayloadStore = Pick<Store, "backend" | "logger"> & Pick<OpeningStore, "settings">;

export interface PayloadFolderOptions {
  /** The key of the folder, which ends in `/`. */
  key: string;
  executor: Executor<PayloadJobs>;
  progress: WriteProgress;
}

export class PayloadFolder implements ObjectFolder {
  readonly key: string;
  readonly #store: PayloadStore;
  readonly #operation: PayloadOperation;
  readonly #options: PayloadFolderOptions;
  readonly #sent = new Set<number>();
  /** The objects that no job stored, and the bytes that each added. */
  readonly #added = new Map<number, number>();
  #last = -1;
  /** True once a value was sent: the number of its objects is known at its end, if at all. */
  #guessing = false;
  #aliveAt: Moment;

  constructor(store: PayloadStore, operation: PayloadOperation, options: PayloadFolderOptions) {
    this.#store = store;
    this.#operation = operation;
    this.#options = options;
    this.key = options.key;
    this.#aliveAt = operation.moment();
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
    const { executor, progress } = this.#options;
    this.#guessing ||= kind === "storeValue";
    let object = 0;
    const make = () => {
      object = this.#next(kind === "storeValue" ? NUMBERS_OF_A_VALUE : 1);
      const place = kind === "storeValue"
        ? { folder: this.key, first: object }
        : { to: this.#keyOf(object) };
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
    const objects = "objects" in reply ? reply.objects : 0;
    for (let n = 0; n < objects; n++) this.#sent.add(object + n);
    return { object, ...reply };
  }

  /** The `from` of its objects: the end of its key. */
  get place(): string {
    return this.key.split("/").slice(2, -1).join("/");
  }

  copiesFrom(backend: Backend): boolean {
    return copiesFrom(this.#store.backend, backend);
  }

  /** Copies an object of the store, or of an `other` one. */
  async copy(key: string, options?: CopyObjectOptions): Promise<Sent<CopiedObject>> {
    const { signal } = this.#operation;
    const object = this.#next();
    await this.#keepAlive();
    this.#operation.checkSend();
    const info = await this.#store.backend.copy!(key, this.#keyOf(object), { ...options, signal })
      .catch(this.#notCommitted);
    this.#operation.noteReply(info);
    this.#added.set(object, info.linked ? 0 : info.size);
    return { ...info, object };
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
      this.#added.delete(object);
    } catch (error) {
      logger.debug(`${action}: could not delete unused "${key}"`, error);
    }
  }

  /** Returns the bytes of the objects that were stored and that files use. */
  addedBytes(files: readonly StoredFile[]): number {
    const sent = new Map<number, Map<number, number>>(); // by object and offset
    for (const { from: ofFile, parts = [], values } of files) {
      const own = values ? [...parts, values.groups] : parts;
      for (const { object, offset = 0, size, from = ofFile } of own) {
        if (from !== undefined || this.#added.has(object)) continue;
        if (!sent.has(object)) sent.set(object, new Map());
        valueAt(sent, object).set(offset, size);
      }
    }
    const sizes = [...sent.values()].flatMap((parts) => [...parts.values()]);
    return [...sizes, ...this.#added.values()].reduce((sum, size) => sum + size, 0);
  }

  /**
   * Removes the objects that were sent, if the store answers in time, except those to keep: the
   * next save finds them again.
   */
  async discard(kept: ReadonlySet<number> = new Set()): Promise<void> {
    const { backend, logger } = this.#store;
    const { action } = this.#operation;
    const sent = Array.from(this.#sent, (object) => this.#keyOf(object));
    const keys = new Set([`${this.key}${ALIVE}`, ...sent]);
    const own = kept.size > 0 ? [ALIVE, ...kept] : [];
    const signal = AbortSignal.timeout(DISCARD_MS);
    try {
      if (this.#guessing) {
        for await (const entry of backend.list(this.key, { signal })) {
          if ("key" in entry) keys.add(entry.key);
        }
      }
      for (const object of own) keys.delete(`${this.key}${object}`);
      const failures = await removeObjects(backend, [...keys], signal);
      for (const [key, error] of failures) {
        logger.debug(`${action}: left "${key}" for gc`, error);
      }
    } catch (error) {
      logger.debug(`${action}: left its objects for gc`, error);
    }
  }

  #keyOf(object: number): string {
    return `${this.key}${object}`;
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
    const result = await this.#put(`${this.key}${ALIVE}`, new Uint8Array());
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

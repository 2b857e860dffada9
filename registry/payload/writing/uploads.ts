// The objects of one payload, written into its folder by jobs and numbered in the order of
// requests.
import type { ByteRange } from "../../../core/backend.ts";
import { isRegistryError, unavailable } from "../../../core/errors.ts";
import type { Executor, RunOptions } from "../../../core/executor.ts";
import type { Moment, Operation } from "../../cell/operation.ts";
import type { OpeningStore, Store } from "../../cell/store.ts";
import type { PayloadJobs, StoredValueReply, StoreValueJob } from "../job_kinds.ts";
import { ALIVE } from "../../format/layout.ts";
import { removeObjects } from "../../../core/work/remove_objects.ts";
import type { Sent, WriteProgress } from "./sender.ts";

/**
 * Time limit for removing an abandoned payload: aborting a save must not wait for a silent store.
 */
const DISCARD_MS = 5_000;
/** Numbers reserved for a value, whose thread may be lost after using some of them. */
const NUMBERS_OF_A_VALUE = 1_000_000;

export type PayloadOperation = Pick<
  Operation,
  "action" | "signal" | "unresolved" | "checkSend" | "moment" | "ageMs" | "noteReply" | "renew"
>;

export type PayloadStore = Pick<Store, "backend" | "logger"> & Pick<OpeningStore, "settings">;

export interface UploadsOptions {
  folder: string;
  executor: Executor<PayloadJobs>;
  progress: WriteProgress;
}

/** The objects of one payload. Each gets the next number of its folder. */
export class Uploads {
  readonly #store: PayloadStore;
  readonly #operation: PayloadOperation;
  readonly #options: UploadsOptions;
  readonly #sent = new Set<number>();
  readonly #added = new Map<number, number>();
  #last = -1;
  /** True once a value was sent: the number of its objects is known at its end, if at all. */
  #guessing = false;
  #aliveAt: Moment;

  constructor(store: PayloadStore, operation: PayloadOperation, options: UploadsOptions) {
    this.#store = store;
    this.#operation = operation;
    this.#options = options;
    this.#aliveAt = operation.moment();
  }

  /** The objects that no job stored, and the bytes that each added. */
  get added(): ReadonlyMap<number, number> {
    return this.#added;
  }

  async storeValue(
    job: Omit<StoreValueJob, "folder" | "first">,
    signal?: AbortSignal,
  ): Promise<StoredValueReply> {
    let first = 0;
    const make = () => {
      this.#guessing = true;
      first = this.#last + 1;
      this.#last += NUMBERS_OF_A_VALUE;
      return { ...job, folder: this.#options.folder, first };
    };
    const reply = await this.#run("storeValue", make, signal);
    for (let n = 0; n < reply.objects; n++) this.#sent.add(first + n);
    return reply;
  }

  /** Copies an object of the store and returns its new number. */
  async copy(key: string): Promise<number> {
    const { backend } = this.#store;
    const { signal } = this.#operation;
    const object = this.#next();
    await this.#keepAlive();
    const info = await this.#send(() => backend.copy!(key, this.#keyOf(object), { signal }));
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

  async put(bytes: Uint8Array): Promise<number> {
    const object = this.#next();
    await this.#keepAlive();
    const options = { size: bytes.byteLength, signal: this.#operation.signal };
    const put = () => this.#store.backend.put(this.#keyOf(object), bytes, options);
    const result = await this.#send(put);
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

  /** Removes the objects that were sent, except some, if the store answers in time. */
  async discard(except: ReadonlySet<number> = new Set()): Promise<void> {
    const { backend, logger } = this.#store;
    const { folder } = this.#options;
    const { action } = this.#operation;
    const sent = Array.from(this.#sent, (object) => this.#keyOf(object));
    const keys = new Set([`${folder}${ALIVE}`, ...sent]);
    const kept = except.size === 0 ? [] : [ALIVE, ...except];
    const signal = AbortSignal.timeout(DISCARD_MS);
    try {
      if (this.#guessing) {
        for await (const found of backend.list(folder, { signal })) {
          if ("key" in found) keys.add(found.key);
        }
      }
      for (const object of kept) keys.delete(`${folder}${object}`);
      const failures = await removeObjects(backend, [...keys], signal);
      for (const [key, error] of failures) {
        logger.debug(`${action}: left "${key}" for gc`, error);
      }
    } catch (error) {
      logger.debug(`${action}: left its objects for gc`, error);
    }
  }

  #keyOf(object: number): string {
    return `${this.#options.folder}${object}`;
  }

  #next(): number {
    this.#sent.add(++this.#last);
    return this.#last;
  }

  async sendObject<N extends "storeFile" | "packFiles">(
    kind: N,
    job: Omit<PayloadJobs[N]["job"], "to">,
    signal: AbortSignal,
  ): Promise<Sent<PayloadJobs[N]["result"]>> {
    let object = 0;
    const make = () =>
      ({ ...job, to: this.#keyOf(object = this.#next()) }) as PayloadJobs[N]["job"];
    const reply = await this.#run(kind, make, signal);
    return { object, ...reply };
  }

  /**
   * Runs a job that sends objects. If its thread is lost, `make` makes it again with new numbers.
   */
  async #run<N extends "storeFile" | "packFiles" | "storeValue">(
    kind: N,
    make: () => PayloadJobs[N]["job"],
    signal?: AbortSignal,
  ): Promise<PayloadJobs[N]["result"]> {
    const { executor, progress } = this.#options;
    const options: RunOptions<PayloadJobs[N]["job"]> = {
      signal,
      onProgress: ({ path, bytes }) => {
        if (bytes > 0) progress.moved(path, bytes);
        return this.#keepAlive();
      },
      again: make,
    };
    const job = make();
    await this.#keepAlive();
    const reply = await this.#send(() => executor.run(kind, job, options));
    if (reply.info !== undefined) this.#operation.noteReply(reply.info);
    return reply;
  }

  /** Signals the garbage collector that an upload is under way. Most calls do nothing. */
  async #keepAlive(): Promise<void> {
    const { backend, settings } = this.#store;
    const operation = this.#operation;
    if (operation.ageMs(this.#aliveAt) < settings.leastGraceMs / 16) return;
    const { signal } = operation;
    const sentAt = this.#aliveAt = operation.moment();
    const key = `${this.#options.folder}${ALIVE}`;
    const result = await this.#send(() => backend.put(key, new Uint8Array(), { signal }));
    if (result.written) operation.renew(result.info, sentAt);
    this.#aliveAt = operation.moment();
  }

  /** Sends a request whose outcome may stay unknown: no record refers to its object yet. */
  async #send<T>(request: () => Promise<T>): Promise<T> {
    this.#operation.checkSend();
    try {
      return await request();
    } catch (error) {
      if (!isRegistryError(error) || (!error.maybeWritten && error.code !== "Unknown")) throw error;
      const state = `${error.state ?? "the store did not respond"}, so nothing was committed`;
      throw unavailable(this.#operation.action, undefined, state, {
        hint: "Try again.",
        key: error.key,
        backend: this.#store.backend.location,
        cause: error,
      });
    }
  }
}

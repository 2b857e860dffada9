// The objects of one payload: sent into its folder by jobs, numbered in the order in which they
// were asked for.
import { fault, isRegistryError } from "../../../core/errors.ts";
import type { Executor, RunOptions } from "../../../core/executor.ts";
import type { Operation } from "../../cell/operation.ts";
import type { OpeningStore, Store } from "../../cell/store.ts";
import type { PayloadJobs, StoredValueReply, StoreValueJob } from "../job_kinds.ts";
import { ALIVE } from "../../format/layout.ts";
import { removeObjects } from "../../../core/work/remove_objects.ts";
import type { WriteProgress } from "./progress.ts";
import type { SendTo } from "./sender.ts";

/** How long removing a payload that was given up may take: who aborts a save does not wait for a store that is silent. */
const DISCARD_MS = 5_000;
/** Numbers that are left to a value whose thread was lost: nobody knows how many it has used. */
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

export interface Uploads extends Pick<SendTo, "storeFile" | "packFiles" | "drop"> {
  storeValue(
    job: Omit<StoreValueJob, "folder" | "first">,
    signal?: AbortSignal,
  ): Promise<StoredValueReply>;
  copy(key: string): Promise<number>;
  readonly copied: ReadonlyMap<number, number>;
  put(bytes: Uint8Array): Promise<number>;
  discard(): Promise<void>;
}

export function createUploads(
  { backend, logger, settings }: PayloadStore,
  operation: PayloadOperation,
  { folder, executor, progress }: UploadsOptions,
): Uploads {
  const { signal: ofCaller } = operation;
  const sent = new Set<number>();
  const copied = new Map<number, number>();
  let last = -1;
  let guessing = false;
  const keyOf = (object: number) => `${folder}${object}`;
  const next = () => {
    sent.add(++last);
    return last;
  };
  let aliveAt = operation.moment();

  return {
    storeFile: (job, signal) => oneObject("storeFile", job, signal),
    packFiles: (job, signal) => oneObject("packFiles", job, signal),
    async storeValue(job, signal) {
      let first = 0;
      const make = () => {
        guessing = true; // how many objects there are is known at its end, if at all
        first = last + 1;
        last += NUMBERS_OF_A_VALUE;
        return { ...job, folder, first };
      };
      const reply = await run("storeValue", make, signal);
      for (let n = 0; n < reply.objects; n++) sent.add(first + n);
      return reply;
    },
    async drop(object) {
      try {
        await backend.delete(keyOf(object), { signal: ofCaller });
        sent.delete(object);
      } catch (error) {
        logger.debug(
          `${operation.action}: left "${keyOf(object)}", which nothing refers to`,
          error,
        );
      }
    },
    copied,
    async copy(key) {
      const object = next();
      await keepAlive();
      const info = await sending(() => backend.copy!(key, keyOf(object), { signal: ofCaller }));
      operation.noteReply(info);
      copied.set(object, info.linked ? 0 : info.size);
      return object;
    },
    async put(bytes) {
      const object = next();
      await keepAlive();
      const options = { size: bytes.byteLength, signal: ofCaller };
      const result = await sending(() => backend.put(keyOf(object), bytes, options));
      if (result.written) operation.noteReply(result.info);
      return object;
    },
    discard,
  };

  async function oneObject<N extends "storeFile" | "packFiles">(
    kind: N,
    job: Omit<PayloadJobs[N]["job"], "to">,
    signal: AbortSignal,
  ): Promise<PayloadJobs[N]["result"] & { object: number }> {
    let object = 0;
    const make = () => ({ ...job, to: keyOf(object = next()) }) as PayloadJobs[N]["job"];
    const reply = await run(kind, make, signal);
    return { object, ...reply };
  }

  /** Lets the janitor know, now and then, that an upload is under way: call it often, it mostly does nothing. */
  async function keepAlive(): Promise<void> {
    if (operation.ageMs(aliveAt) < settings.leastGraceMs / 16) return;
    const sentAt = aliveAt = operation.moment();
    const put = () => backend.put(`${folder}${ALIVE}`, new Uint8Array(), { signal: ofCaller });
    const result = await sending(put);
    if (result.written) operation.renew(result.info, sentAt);
    aliveAt = operation.moment();
  }

  /** Runs a job that sends objects. `make` makes it, and once more for others where its thread was lost. */
  async function run<N extends "storeFile" | "packFiles" | "storeValue">(
    kind: N,
    make: () => PayloadJobs[N]["job"],
    signal?: AbortSignal,
  ): Promise<PayloadJobs[N]["result"]> {
    const options: RunOptions<PayloadJobs[N]["job"]> = {
      signal,
      onProgress({ path, bytes }) {
        if (bytes > 0) progress.moved(path, bytes);
        return keepAlive();
      },
      again: make,
    };
    const job = make();
    await keepAlive();
    const reply = await sending(() => executor.run(kind, job, options));
    if (reply.info !== undefined) operation.noteReply(reply.info);
    return reply;
  }

  /** Sends objects of the payload. Whatever becomes of them, nothing is committed by it. */
  async function sending<T>(request: () => Promise<T>): Promise<T> {
    operation.checkSend();
    try {
      return await request();
    } catch (error) {
      if (!isRegistryError(error) || (!error.maybeWritten && error.code !== "Unknown")) throw error;
      throw fault({
        code: "Unavailable",
        action: operation.action,
        state: "the store did not answer an upload, so nothing was committed",
        hint: "Try again.",
        key: error.key,
        backend: backend.location,
        cause: error,
      });
    }
  }

  async function discard(): Promise<void> {
    const keys = new Set([`${folder}${ALIVE}`, ...Array.from(sent, keyOf)]);
    const signal = AbortSignal.timeout(DISCARD_MS);
    try {
      if (guessing) {
        for await (const found of backend.list(folder, { signal })) {
          if ("key" in found) keys.add(found.key);
        }
      }
      const failures = await removeObjects(backend, [...keys], signal);
      for (const [key, error] of failures) {
        logger.debug(`${operation.action}: left "${key}" for the janitor`, error);
      }
    } catch (error) {
      logger.debug(`${operation.action}: left what it wrote for the janitor`, error);
    }
  }
}

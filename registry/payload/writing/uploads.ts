/**
 * The objects of one payload: sent into its folder, numbered in the order in which they were asked for.
 *
 * @module
 */
import type { Body, ObjectInfo, PutOptions, PutResult } from "../../../core/backend.ts";
import { isRegistryError, RegistryError } from "../../../core/errors.ts";
import type { Operation } from "../../cell/operation.ts";
import type { Context } from "../../opening/context.ts";
import { ALIVE } from "../../layout.ts";
import { removeObjects } from "../../remove_objects.ts";
import { createKeepAlive } from "./keep_alive.ts";

/** How long removing a payload that was given up may take: who aborts a save does not wait for a store that is silent. */
const DISCARD_MS = 5_000;

/** All that writing a payload takes of an operation. */
export type PayloadOperation = Pick<
  Operation,
  "action" | "signal" | "unresolved" | "checkSend" | "moment" | "ageMs" | "noteReply" | "renew"
>;

/** All that writing a payload takes of a registry. */
export type PayloadStore = Pick<Context, "backend" | "logger"> & { settings: { graceMs: number } };

/** Where objects of a payload go. */
export interface UploadsOptions {
  /** The payload folder. */
  folder: string;
  /** Ends what is on its way. */
  signal: AbortSignal;
}

/** Objects of one payload. */
export interface Uploads {
  /** The number of one more object. */
  next(): number;
  /** Sends an object. */
  put(object: number, body: Body, options: PutOptions): Promise<void>;
  /** Copies an object of the same store, where the store can, and reads what came of it; undefined where that is not there. */
  copy(from: string, object: number): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** To be called after each piece of work. */
  keepAlive(): Promise<void>;
  /** Removes what was sent, as far as possible: nothing will refer to it. */
  discard(): Promise<void>;
}

/** Begins a payload. */
export function createUploads(
  { backend, logger, settings }: PayloadStore,
  operation: PayloadOperation,
  { folder, signal }: UploadsOptions,
): Uploads {
  let objects = 0;
  const keyOf = (object: number) => `${folder}${object}`;
  const keepAlive = createKeepAlive(
    operation,
    settings.graceMs,
    () => sending(() => backend.put(`${folder}${ALIVE}`, new Uint8Array(), { signal })),
  );
  return {
    next: () => objects++,
    async put(object, body, options) {
      await keepAlive();
      const info = await sending(() => backend.put(keyOf(object), body, { ...options, signal }));
      if (info !== undefined) operation.noteReply(info);
    },
    async copy(from, object) {
      await keepAlive();
      const info = await sending(async () => ({
        written: true,
        info: await backend.copy!(from, keyOf(object), { signal }),
      }));
      operation.noteReply(info!);
      return (await backend.get(keyOf(object), { signal }))?.body;
    },
    keepAlive,
    discard,
  };

  /** Sends an object of the payload. Whatever becomes of it, nothing is committed by it. */
  async function sending(request: () => Promise<PutResult>): Promise<ObjectInfo | undefined> {
    operation.checkSend();
    try {
      const result = await request();
      return result.written ? result.info : undefined;
    } catch (error) {
      if (!isRegistryError(error) || (!error.maybeWritten && error.code !== "Unknown")) throw error;
      throw new RegistryError({
        code: "Unavailable",
        message: `Cannot ${operation.action}: the store did not answer an upload, so nothing was committed`,
        hint: "Try again.",
        key: error.key,
        backend: backend.location,
        cause: error,
      });
    }
  }

  async function discard(): Promise<void> {
    const paths = [`${folder}${ALIVE}`, ...Array.from({ length: objects }, (_, object) => keyOf(object))];
    try {
      const failures = await removeObjects(backend, paths, AbortSignal.timeout(DISCARD_MS));
      for (const [key, error] of failures) {
        logger.debug(`${operation.action}: left "${key}" for the janitor`, error);
      }
    } catch (error) {
      logger.debug(`${operation.action}: left what it wrote for the janitor`, error);
    }
  }
}

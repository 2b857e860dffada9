// The commit protocol. A cell is a register with history: numbered records that are only ever
// created. This file alone decides the outcome of a create. Versions, aliases, rules and settings
// are cells.
//
//   const key = recordKey(cell, generation); // the one after the head
//   const outcome = await createRecord(store, operation, key, bytes);
//   if (!outcome.won) // `outcome.found` is the record of another writer: decide again
//
// `Unknown` means that the record may exist: it was sent, but neither the reply nor a later read
// shows the outcome. An abort after sending is `Unknown` too. After all other errors, nothing was
// written and nothing will be.
import type { ObjectInfo, PutResult } from "../../core/backend.ts";
import { isRegistryError, type RegistryError } from "../../core/errors.ts";
import { backoffMs } from "../../core/retry.ts";
import type { AnyRecord } from "../../core/record.ts";
import { TOMBSTONE_BYTES } from "../format/record_codec.ts";
import type { OpeningStore, Store } from "./store.ts";
import { type FoundRecord, readHead, readRecord } from "./heads.ts";
import { cellOf, recordKey } from "../format/layout.ts";
import { type Operation, unknownOutcome } from "./operation.ts";
import { settle } from "./settle.ts";
import { countingRecord } from "./voids.ts";

/** The outcome of a create: this operation wrote the generation, or another operation did. */
type CreateOutcome = { won: true } | { won: false; found: FoundRecord };

/**
 * Writes one generation of a cell, create-only, and determines the outcome.
 *
 * Repeats the create after transient faults, and resolves every "exists" and every lost reply by
 * reading the key back: its own commit id there means that it won, because an SDK, a proxy or NFS
 * may have repeated the request. Ends in success, in a loss that was read, in `Unknown` once
 * something was sent, or in the error that prevented sending.
 */
export async function createRecord(
  store: OpeningStore,
  operation: Operation,
  key: string,
  bytes: Uint8Array,
): Promise<CreateOutcome> {
  const outcome = await decideCreate(store, operation, key, bytes);
  if (outcome.won) store.announcer?.committed(key, bytes);
  return outcome;
}

async function decideCreate(
  store: OpeningStore,
  operation: Operation,
  key: string,
  bytes: Uint8Array,
): Promise<CreateOutcome> {
  const { backend, logger } = store;
  const patience = createPatience(store, operation);
  for (;;) {
    operation.checkCommit();
    const sent = await send(store, operation, key, bytes);
    if (sent === "written") return { won: true };
    if (sent === "fenced") throw unknownOutcome(backend, operation);
    if (sent === "exists" || operation.unresolved) {
      const object = await readBack(store, operation, key, patience);
      if (object !== undefined) {
        const own = object.record.commit === operation.commit;
        if (own) {
          await checkLanding(store, operation, object.info);
          await settleOwn(store, operation, key);
        }
        logger.debug(`${operation.action}: read back "${key}": ${own ? "won" : "lost"}`, {
          backend: backend.location,
        });
        operation.unresolved = false;
        return own ? { won: true } : { won: false, found: object };
      }
    }
    await patience.wait(sent);
  }
}

type Sent = "written" | "exists" | "lost" | "fenced" | RegistryError;

/** Sends the create once. Throws only if nothing was written and nothing will be. */
async function send(
  store: OpeningStore,
  operation: Operation,
  key: string,
  bytes: Uint8Array,
): Promise<Sent> {
  const { backend, logger } = store;
  const wasUnresolved = operation.unresolved;
  operation.unresolved = true;
  let result: PutResult;
  try {
    result = await backend.put(key, bytes, {
      mode: "create",
      size: bytes.byteLength,
      contentType: "application/json",
      useReserve: bytes.byteLength === TOMBSTONE_BYTES,
      signal: operation.signal,
    });
  } catch (error) {
    if (operation.signal?.aborted) throw unknownOutcome(backend, operation, error);
    if (!isRegistryError(error)) throw unknownOutcome(backend, operation, error);
    logger.debug(`${operation.action}: create of "${key}" failed: ${error.message}`, {
      backend: backend.location,
    });
    if (error.code === "Unknown") return "fenced"; // must not be sent again
    if (error.maybeWritten) return "lost";
    operation.unresolved = wasUnresolved;
    if (error.retry === "later") return error;
    throw wasUnresolved ? unknownOutcome(backend, operation, error) : error;
  }
  if (!result.written) return "exists";
  await checkLanding(store, operation, result.info);
  operation.unresolved = false;
  operation.noteReply(result.info);
  return "written";
}

/**
 * Throws `Unknown` if this operation's record landed too late: it may lie below the head, or its
 * payload may be gone, so it may never be visible.
 */
async function checkLanding(
  store: OpeningStore,
  operation: Operation,
  info: ObjectInfo,
): Promise<void> {
  if (!operation.landedLate(info)) return;
  try {
    // Before the first reply, local clocks gave the start of the operation, and they may be wrong.
    // A record that refers to nothing and is the head is valid.
    const { base, draft } = operation.views;
    const byOwnClock = !operation.replied && base === undefined && draft === undefined;
    const cell = cellOf(info.key);
    if (byOwnClock && (await readHead(store, cell, operation.signal))?.key === info.key) return;
  } catch (error) {
    throw unknownOutcome(store.backend, operation, error);
  }
  throw unknownOutcome(store.backend, operation);
}

/** Makes this operation's record durable: a lost put may have written it and not synced it. */
async function settleOwn(store: OpeningStore, operation: Operation, key: string): Promise<void> {
  try {
    await settle(store, [key], operation.signal);
  } catch (error) {
    throw unknownOutcome(store.backend, operation, error);
  }
}

/** Reads a key until the store answers. Returns undefined if it is missing: create it again. */
async function readBack(
  store: OpeningStore,
  operation: Operation,
  key: string,
  patience: Patience,
): Promise<FoundRecord | undefined> {
  for (let damaged = 0;;) {
    if (operation.signal?.aborted) {
      throw unknownOutcome(store.backend, operation, operation.signal.reason);
    }
    try {
      return await readRecord(store, key, operation.signal);
    } catch (error) {
      if (!isRegistryError(error)) throw unknownOutcome(store.backend, operation, error);
      if (error.retry !== "later" && ++damaged >= 3) {
        throw unknownOutcome(store.backend, operation, error);
      }
      await patience.wait(error);
    }
  }
}

/** The waits between attempts, with full jitter and a time limit. */
interface Patience {
  /** Waits. Throws `Unknown` or the failure when there is no time left. */
  wait(failure: Sent): Promise<void>;
}

function createPatience(store: OpeningStore, operation: Operation): Patience {
  const { backend, system, retryForMs } = store;
  const startedAt = system.monotonic();
  let attempt = 0;
  return {
    async wait(failure) {
      const waitMs = backoffMs(++attempt, system.random);
      if (system.monotonic() - startedAt + waitMs > retryForMs) {
        if (operation.unresolved) throw unknownOutcome(backend, operation, failure);
        throw failure instanceof Error ? failure : unknownOutcome(backend, operation);
      }
      try {
        await system.sleep(waitMs, operation.signal);
      } catch (reason) {
        throw operation.unresolved ? unknownOutcome(backend, operation, reason) : reason;
      }
    },
  };
}

export interface KnownHead {
  generation: number;
  /** The commit of the head; absent if the head is damaged. */
  previous?: string;
  dead: boolean;
  /** The record that counts, older if the head has expired. Absent if damaged or if none counts. */
  found?: FoundRecord;
}

/**
 * Returns the generation to write above a version or its deletion. A tombstone with a digest in the
 * place of the first generation was the second: a collector has removed that, and its request may
 * arrive late.
 */
export function generationAbove(
  { generation, record }: { generation: number; record?: AnyRecord },
): number {
  const isBuried = generation === 1 && record?.kind === "deleted" && record.digest !== undefined;
  return isBuried ? 3 : generation + 1;
}

/** Reads the head with its record. A known head never gets older, whatever a stale list returns. */
export async function viewHead(
  store: Store,
  operation: Operation,
  cell: string,
  known?: KnownHead,
): Promise<KnownHead | undefined> {
  for (let vanished = 1;; vanished++) {
    operation.checkSend();
    const seenAt = operation.moment();
    const head = await readHead(store, cell, operation.signal);
    if (head === undefined || head.generation <= (known?.generation ?? 0)) {
      operation.views.head = seenAt;
      return known;
    }
    try {
      const record = await readRecord(store, head, operation.signal);
      operation.views.head = seenAt;
      if (record !== undefined) return await knownFrom(store, operation, head.generation, record);
    } catch (error) {
      if (!isRegistryError(error, "Corrupt")) throw error;
      operation.views.head = seenAt;
      return { generation: head.generation, dead: head.dead };
    }
    await pause(store, operation, vanished); // gc removed it: there is a newer one
  }
}

interface CellWrite {
  /** Returns the record to write above this head; undefined leaves the cell as it is. May throw. */
  next(head: KnownHead | undefined): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** Called after a lost race. May throw; otherwise the write goes on above the winner. */
  lost?(winner: FoundRecord): void;
}

/**
 * Writes the next generation of a cell above its head, and tries again after each lost race.
 *
 * @returns the written generation, or undefined if `next` left the cell as it is
 */
export async function writeCell(
  store: Store,
  operation: Operation,
  cell: string,
  write: CellWrite,
): Promise<number | undefined> {
  let known: KnownHead | undefined;
  for (let losses = 1;; losses++) {
    known = await viewHead(store, operation, cell, known);
    const bytes = await write.next(known);
    if (bytes === undefined) return undefined;
    const generation = (known?.generation ?? 0) + 1;
    const outcome = await createRecord(store, operation, recordKey(cell, generation), bytes);
    if (outcome.won) return generation;
    write.lost?.(outcome.found);
    known = await knownFrom(store, operation, generation, outcome.found);
    await pause(store, operation, losses);
  }
}

/** Returns the state of a cell whose newest record is `head`. */
export async function knownFrom(
  store: Store,
  operation: Operation,
  generation: number,
  head: FoundRecord,
): Promise<KnownHead> {
  const cell = cellOf(head.info.key);
  const object = await countingRecord(store, cell, head, operation.signal);
  const dead = object === undefined || object.record.kind === "deleted";
  return { generation, previous: head.record.commit, dead, found: object };
}

/** Waits after a lost race, with full jitter that grows with the losses. */
export async function pause(
  store: OpeningStore,
  operation: Operation,
  losses: number,
): Promise<void> {
  const { system } = store;
  await system.sleep(backoffMs(Math.min(losses, 6), system.random), operation.signal);
}

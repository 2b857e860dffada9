// Room in a cache that any number of programs write to. A program sets some aside *before* it looks
// how full the cache is, and counts what the others have set aside as full: of two that look at the
// same time at least one sees the other, so that together they never write more than there is room
// for.
import type { Backend } from "../../core/backend.ts";
import type { Logger } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import { FILES, RECORDS, RESERVED, USES } from "./entry_keys.ts";
import { listCached } from "./list_cached.ts";
import { MAX_AHEAD_MS } from "./uses.ts";
import type { Uses } from "./uses.ts";

/** A full cache is emptied to this part of its bound, least recently used first. */
const EVICT_TO = 0.9;
/** The first reservation is this part of the bound; each next one is twice as large, up to a sixteenth. */
const FIRST_PART = 1 / 1024;
const LARGEST_PART = 1 / 16;
/** How long a reservation may be used, and after what time others take its owner for dead. */
const HELD_MS = 5 * 60_000;
const DEAD_MS = 15 * 60_000;
/** How long after a refusal there is no other look. */
const REFUSED_MS = 60_000;
/** More logs of uses than this are made one. */
const MAX_LOGS = 64;

export interface Grant {
  done(written: boolean): void;
}

export interface Room {
  /** Makes room for so many bytes; undefined where there is none. */
  take(bytes: number): Promise<Grant | undefined>;
  close(): Promise<void>;
}

export interface RoomOptions {
  backend: Backend;
  maxBytes: number;
  system: System;
  logger: Logger;
  uses: Uses;
}

export function createRoom({ backend, maxBytes, system, logger, uses }: RoomOptions): Room {
  let held: { key: string; monotonic: number; wall: number } | undefined;
  let left = 0;
  let inFlight = 0;
  let step = maxBytes * FIRST_PART;
  let refusedUntil = -Infinity;
  let turn: Promise<unknown> = Promise.resolve();

  return {
    take(bytes) {
      const taken = turn.then(() => takeNow(bytes));
      turn = taken.catch(() => {});
      return taken;
    },
    async close() {
      await turn;
      if (held !== undefined) await backend.delete(held.key);
      held = undefined;
    },
  };

  async function takeNow(bytes: number): Promise<Grant | undefined> {
    const now = system.monotonic();
    // While a machine sleeps its monotonic clock may stand still; to others the time has passed.
    const isHeld = held !== undefined && now - held.monotonic <= HELD_MS &&
      system.now() - held.wall <= HELD_MS;
    if (!isHeld || bytes > left) {
      if (now < refusedUntil) return undefined;
      if (!await reserve(bytes)) {
        refusedUntil = now + REFUSED_MS;
        return undefined;
      }
    }
    left -= bytes;
    inFlight += bytes;
    return {
      done(written) {
        inFlight -= bytes;
        if (!written) left += bytes;
      },
    };
  }

  /** What is being written may not be there yet when this looks: it stays set aside. */
  async function reserve(bytes: number): Promise<boolean> {
    const writing = inFlight;
    const amount = Math.ceil(writing + Math.max(bytes, Math.min(step, maxBytes * LARGEST_PART)));
    const key = `${RESERVED}${system.id()}-${amount}`;
    const put = await backend.put(key, new Uint8Array());
    let total: number;
    try {
      const { reserved, kept } = await measure(put.written ? put.info.modifiedAt : system.now());
      total = reserved + kept;
      if (total > maxBytes && reserved <= maxBytes) total = await evict(total);
      if (total <= maxBytes && held !== undefined) await backend.delete(held.key);
    } catch (error) {
      await backend.delete(key).catch(() => {});
      throw error;
    }
    if (total > maxBytes) {
      await backend.delete(key); // what is being written goes on in what was set aside for it
      return false;
    }
    held = { key, monotonic: system.monotonic(), wall: system.now() };
    left = amount - writing;
    step *= 2;
    return true;
  }

  async function measure(now: number): Promise<{ reserved: number; kept: number }> {
    let reserved = 0;
    let kept = 0;
    let logs = 0;
    for await (const { key, modifiedAt } of listCached(backend, RESERVED)) {
      if (modifiedAt < now - DEAD_MS || modifiedAt > now + MAX_AHEAD_MS) await backend.delete(key);
      else if (key !== held?.key) reserved += Number(key.slice(key.lastIndexOf("-") + 1));
    }
    for await (const { size } of listCached(backend, USES)) {
      kept += size;
      logs++;
    }
    for (const folder of [FILES, RECORDS]) {
      for await (const { size } of listCached(backend, folder)) {
        kept += size;
      }
    }
    for await (const _ of backend.sweepUploads?.({ olderThan: now - DEAD_MS }) ?? []); // of those that were killed
    if (logs > MAX_LOGS) await fold();
    return { reserved, kept };
  }

  /** Removes what was not used for longest. Whoever reads one of these reads on, or goes to the store. */
  async function evict(total: number): Promise<number> {
    await uses.flush();
    const { times, logs } = await uses.read();
    const latest = system.now() + MAX_AHEAD_MS;
    const entries: { key: string; size: number; at: number }[] = [];
    for (const folder of [FILES, RECORDS]) {
      for await (const { key, size, modifiedAt } of listCached(backend, folder)) {
        entries.push({
          key,
          size,
          at: Math.max(modifiedAt <= latest ? modifiedAt : 0, times.get(key) ?? 0),
        });
      }
    }
    entries.sort((a, b) => a.at - b.at);
    let count = 0;
    for (const { key, size } of entries) {
      if (total <= maxBytes * EVICT_TO) break;
      await backend.delete(key);
      total -= size;
      count++;
    }
    const kept = new Set(entries.slice(count).map(({ key }) => key));
    await uses.replace(logs, [...times].filter(([key]) => kept.has(key)));
    logger.debug(`cache: evicted ${count} of ${entries.length} entries`, {
      cache: backend.location,
    });
    return total;
  }

  async function fold(): Promise<void> {
    const { times, logs } = await uses.read();
    await uses.replace(logs, times);
  }
}

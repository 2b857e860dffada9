// Keeps a cache within its limit, without a lock. Programs write freely; the next sweep removes the
// least recently used entries. Concurrent sweeps remove the same ones.
import type { Backend } from "../../core/backend.ts";
import type { System } from "../../core/system.ts";
import { FILES, listCached, RECORDS, takenBytes, USES } from "./entries.ts";

/** A sweep above the limit removes entries down to this part of it. */
const SWEEP_TO = 0.9;
/** A program sweeps at its first write, and after writing this part of the limit. */
const SWEEP_EVERY = 1 / 16;
/** Uses are noted in memory and written together. A killed program loses them. */
const MAX_NOTED = 4_096;
const MAX_LOGS = 64;
/** An older upload is from a program that was killed. */
const ABANDONED_MS = 15 * 60_000;
/** A time further ahead is from a wrong clock. */
const MAX_AHEAD_MS = 15 * 60_000;

interface Entry {
  key: string;
  /** Bytes that it takes. */
  bytes: number;
  usedAt: number;
}

export class Sweeper {
  readonly #backend: Backend;
  readonly #maxBytes: number;
  readonly #system: System;
  #noted = new Map<string, number>();
  #unswept = Infinity;

  constructor(backend: Backend, maxBytes: number, system: System) {
    this.#backend = backend;
    this.#maxBytes = maxBytes;
    this.#system = system;
  }

  /** Notes that an entry was read. Returns true if `flush` is due. */
  used(key: string): boolean {
    this.#noted.set(key, this.#system.now());
    return this.#noted.size >= MAX_NOTED;
  }

  async flush(): Promise<void> {
    const noted = this.#noted;
    this.#noted = new Map();
    await this.#write(noted);
  }

  /** Counts written bytes, and sweeps if that is due. */
  async wrote(bytes: number): Promise<void> {
    this.#unswept += takenBytes(this.#backend, bytes);
    if (this.#unswept < this.#maxBytes * SWEEP_EVERY) return;
    this.#unswept = 0;
    await this.#sweep();
  }

  async #sweep(): Promise<void> {
    const backend = this.#backend;
    const entries: Entry[] = [];
    const logs: string[] = [];
    let total = 0;
    for await (const { key } of listCached(backend, USES)) logs.push(key);
    for (const folder of [FILES, RECORDS]) {
      for await (const { key, size, modifiedAt } of listCached(backend, folder)) {
        const bytes = takenBytes(backend, size);
        entries.push({ key, bytes, usedAt: modifiedAt });
        total += bytes;
      }
    }
    const olderThan = this.#system.now() - ABANDONED_MS;
    for await (const _ of backend.sweepUploads?.({ olderThan }) ?? []);
    const isOver = total > this.#maxBytes;
    if (!isOver && logs.length <= MAX_LOGS) return;
    const uses = await this.#uses(logs);
    if (isOver) await this.#evict(entries, total, uses);
    await this.#write(uses);
    for (const log of logs) await backend.delete(log);
  }

  async #evict(
    entries: Entry[],
    total: number,
    uses: Map<string, number>,
  ): Promise<void> {
    const latest = this.#system.now() + MAX_AHEAD_MS;
    for (const entry of entries) {
      const written = entry.usedAt <= latest ? entry.usedAt : 0;
      entry.usedAt = Math.max(written, uses.get(entry.key) ?? 0);
    }
    entries.sort((a, b) => a.usedAt - b.usedAt);
    for (const { key, bytes } of entries.slice(0, -1)) {
      if (total <= this.#maxBytes * SWEEP_TO) return;
      await this.#backend.delete(key);
      uses.delete(key);
      total -= bytes;
    }
  }

  /** Returns when entries were last read, milliseconds since 1970. */
  async #uses(logs: readonly string[]): Promise<Map<string, number>> {
    const latest = this.#system.now() + MAX_AHEAD_MS;
    const uses = new Map(this.#noted);
    for (const log of logs) {
      const object = await this.#backend.get(log);
      if (object === undefined) continue; // another sweep has replaced it
      for (const line of new TextDecoder().decode(await object.bytes()).split("\n")) {
        const [at, key] = line.split(" ");
        const usedAt = Number(at);
        if (key !== undefined && usedAt <= latest && usedAt > (uses.get(key) ?? 0)) {
          uses.set(key, usedAt);
        }
      }
    }
    return uses;
  }

  async #write(uses: Map<string, number>): Promise<void> {
    if (uses.size === 0) return;
    const lines = Array.from(uses, ([key, usedAt]) => `${usedAt} ${key}\n`).join("");
    const log = `${USES}${this.#system.id()}`;
    await this.#backend.put(log, new TextEncoder().encode(lines));
  }
}

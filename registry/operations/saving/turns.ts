// Turns of the saves of one name in one process: they would only race each other for the next version.
import type { System } from "../../../core/system.ts";

/** The longest wait for a save before, milliseconds. It may hang, and races only cost requests. */
const PATIENCE_MS = 10_000;

/** Saves that take the next version, one at a time for each name. */
export class Turns {
  /** Settles when the save that came last is over, by name. */
  readonly #last = new Map<string, Promise<void>>();
  readonly #system: System;

  constructor(system: System) {
    this.#system = system;
  }

  /** Runs a task after those of the name that came before. An abort ends the wait at once. */
  async take<T>(name: string, task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last.get(name);
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    this.#last.set(name, over);
    try {
      if (before !== undefined) await this.#wait(before, signal);
      return await task();
    } finally {
      end();
      if (this.#last.get(name) === over) this.#last.delete(name);
    }
  }

  async #wait(before: Promise<void>, signal?: AbortSignal): Promise<void> {
    const done = new AbortController();
    const patience = this.#system.sleep(PATIENCE_MS, done.signal).catch(() => {});
    const aborted = new Promise<never>((_, reject) =>
      signal?.addEventListener("abort", () => reject(signal.reason), { signal: done.signal })
    );
    try {
      signal?.throwIfAborted();
      await Promise.race([before, patience, aborted]);
    } finally {
      done.abort();
    }
  }
}

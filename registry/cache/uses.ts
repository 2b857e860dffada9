// What was used when, for the choice of what to evict. Uses are noted in memory and written
// together, a few thousand lines an object: what a program that was killed has noted is lost, and
// costs nothing but a worse choice.
import type { Backend } from "../../core/backend.ts";
import type { System } from "../../core/system.ts";
import { USES } from "./entry_keys.ts";
import { listCached } from "./list_cached.ts";

/** So many are written together. */
const MAX_NOTED = 4_096;

/** What is said to be further ahead than this, milliseconds, was said by a clock that was wrong. */
export const MAX_AHEAD_MS = 15 * 60_000;

export interface Uses {
  /** Notes that an entry was read, or written; true when it is time to write them down. */
  note(key: string, read: boolean): boolean;
  /** Writes down what was noted; at the end of a program only if something was read, for a write has its own time. */
  flush(options?: { ifRead: boolean }): Promise<void>;
  /** When each entry was last used, milliseconds since 1970, and the logs that say so. */
  read(): Promise<{ times: Map<string, number>; logs: string[] }>;
  replace(logs: readonly string[], times: Iterable<[key: string, atMs: number]>): Promise<void>;
}

export function createUses(backend: Backend, system: System): Uses {
  let noted = new Map<string, number>();
  let anyRead = false;

  async function write(times: Iterable<[string, number]>): Promise<void> {
    const lines = Array.from(times, ([key, atMs]) => `${atMs} ${key}\n`).join("");
    if (lines !== "") await backend.put(`${USES}${system.id()}`, new TextEncoder().encode(lines));
  }

  return {
    note(key, read) {
      noted.delete(key); // so that the last one used comes last
      noted.set(key, system.now());
      anyRead ||= read;
      return noted.size >= MAX_NOTED;
    },

    async flush({ ifRead } = { ifRead: false }) {
      if (ifRead && !anyRead) return;
      const written = noted;
      noted = new Map();
      anyRead = false;
      await write(written);
    },

    async read() {
      const times = new Map<string, number>();
      const latest = system.now() + MAX_AHEAD_MS;
      const logs = await Array.fromAsync(listCached(backend, USES), ({ key }) => key);
      for (const log of logs) {
        const object = await backend.get(log);
        if (object === undefined) continue; // somebody else has replaced it
        for (const line of new TextDecoder().decode(await object.bytes()).split("\n")) {
          const [atMs, key] = line.split(" ");
          if (key !== undefined && Number(atMs) <= latest) {
            times.set(key, Math.max(times.get(key) ?? 0, Number(atMs)));
          }
        }
      }
      return { times, logs };
    },

    async replace(logs, times) {
      await write(times);
      for (const log of logs) await backend.delete(log);
    },
  };
}

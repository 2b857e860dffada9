// Registries and stores with a clock that the test sets.
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import type { OpenOptions } from "../../../registry/mod.ts";
import type { Registry, StoredRegistry } from "../../../mod.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { uuidv7 } from "../../simulate/simulated_system.ts";

const DAY_MS = 86_400_000;
const START = Date.parse("2026-03-01T00:00:00Z");

/** A clock that the test sets. */
export interface Days {
  at(day: number): Date;
  on(day: number): void;
  /** Opens an empty registry with this clock. */
  open(options?: OpenOptions): Promise<StoredRegistry>;
}

export function createDays(): Days {
  let today = 0;
  const at = (day: number) => new Date(START + day * DAY_MS);
  const now = () => at(today).getTime();
  const id = () => uuidv7(now(), Uint8Array.from({ length: 10 }, () => realSystem.random() * 256));
  const system = { ...realSystem, now, monotonic: () => now() - START, id };
  return {
    at,
    on: (day) => today = day,
    open: (options = {}) =>
      openRegistry(createMemoryBackend({ system }), { graceMs: 3_600_000, ...options, system }),
  };
}

/** The versions of refs on each day; `gone` if deleted since, `none` if there was none. */
export async function meanings(
  registry: Registry,
  ref: string,
  days: readonly Date[],
): Promise<(string | undefined)[]> {
  return await Promise.all(days.map(async (asOf) => {
    try {
      return (await registry.info(ref, { asOf })).version;
    } catch (error) {
      if (!isRegistryError(error, "NotFound")) throw error;
      return /since/.test(error.message) ? "gone" : "none";
    }
  }));
}

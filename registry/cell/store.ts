// The store of an open registry, and what its cells need to know of it.
import type { Backend } from "../../core/backend.ts";
import type { RegistrySettings } from "../../core/record.ts";
import type { Logger } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import type { Announcer } from "./announcer.ts";

export interface Store {
  readonly backend: Backend;
  /** Clock, randomness, ids. */
  readonly system: System;
  readonly logger: Logger;
  /** How long an unanswered commit is repeated, milliseconds. */
  readonly retryForMs: number;
  /** The commit of the registry's settings, which identifies it. */
  readonly id: string;
  readonly settings: Readonly<RegistrySettings>;
  /** When the settings landed, store time, milliseconds. */
  readonly createdAt: number;
  /** Store time minus own time at the last reply that told it, and what the own clocks said then, milliseconds. */
  clockOffset?: { ms: number; wall: number; monotonic: number };
  /** Keys of records that were found void: once void, always void. */
  readonly voids: Set<string>;
  readonly announcer?: Announcer;
}

/** A store whose registry is not known yet: its settings are about to be read, or created. */
export type OpeningStore = Omit<Store, "id" | "settings" | "createdAt"> & {
  settings: Pick<RegistrySettings, "graceMs" | "leastGraceMs">;
};

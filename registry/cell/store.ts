// The store of an open registry.
import type { Backend } from "../../core/backend.ts";
import type { Author } from "../../core/naming/author.ts";
import type { RegistrySettings } from "../../core/record.ts";
import type { Logger } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import type { Announcer } from "./announcer.ts";

export interface Store {
  readonly backend: Backend;
  readonly system: System;
  readonly logger: Logger;
  /** How long an unanswered commit is retried, milliseconds. */
  readonly retryForMs: number;
  /** The commit of the registry's settings, which identifies it. */
  readonly id: string;
  readonly settings: Readonly<RegistrySettings>;
  /** Time of the store when the settings were written, as last read; milliseconds. */
  createdAt: number;
  /**
   * Time of the store minus local time, at the local times `wall` and `monotonic`; milliseconds.
   */
  clockOffset?: { ms: number; wall: number; monotonic: number };
  /** Keys of expired records. A record never becomes valid again. */
  readonly voids: Set<string>;
  /** Limits how many long lists of files are read at once: 100,000 files take about 60 MiB. */
  readonly oneOfFewLists: <T>(task: () => Promise<T>) => Promise<T>;
  readonly announcer?: Announcer;
  /** The author of records that no sender of a request causes, if known. */
  readonly author?: Author;
}

/** A store whose settings are not read or created yet. */
export type OpeningStore = Omit<Store, "id" | "settings" | "createdAt"> & {
  settings: Pick<RegistrySettings, "graceMs" | "leastGraceMs">;
};

// The versions that paths of `/dav` mean, for a moment: clients read thousands of files one by one.
import type { System } from "../../../mod.ts";
import { keepNewest } from "../../../core/kernel.ts";

/** Maximum number of versions that are known. */
const MOST_KNOWN = 1000;

export interface FolderVersion {
  /** The exact version. */
  version: string;
  commit: string;
}

export class FolderVersions {
  static readonly id = "dav.folders";
  readonly #system: Pick<System, "monotonic">;
  readonly #known = new Map<string, FolderVersion & { until: number }>();

  constructor(system: Pick<System, "monotonic">) {
    this.#system = system;
  }

  /** Returns what the version of a path means, null if that is not known, or no longer. */
  // deno-lint-ignore require-await -- a process may ask another one
  async get(name: string, version: string): Promise<FolderVersion | null> {
    const known = this.#known.get(keyOf(name, version));
    if (known === undefined || this.#system.monotonic() >= known.until) return null;
    return { version: known.version, commit: known.commit };
  }

  /** @param keepMs how long it answers the next requests, milliseconds */
  // deno-lint-ignore require-await -- a process may ask another one
  async set(name: string, version: string, exact: FolderVersion, keepMs: number): Promise<void> {
    const key = keyOf(name, version);
    this.#known.delete(key);
    this.#known.set(key, { ...exact, until: this.#system.monotonic() + keepMs });
    keepNewest(this.#known, MOST_KNOWN);
  }
}

function keyOf(name: string, version: string): string {
  return JSON.stringify([name, version]);
}

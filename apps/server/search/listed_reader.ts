// Reads names as a refresh has listed them: their aliases, notes and versions cost no further list.
import type { ListOptions, ObjectInfo } from "../../../core/backend.ts";
import { encodeName } from "../../../core/naming/names.ts";
import { openedHere } from "../../../core/registry.ts";
import { silentLogger, type System } from "../../../core/system.ts";
import { listAgain, wrapBackend } from "../../../core/work/wrap_backend.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { type NewestVersions, VersionReader } from "./version_reader.ts";

const NAMES = "names/";

interface ListedReaderOptions {
  system: System;
  closing: AbortSignal;
}

export class ListedReader {
  readonly #registry: Registry;
  readonly #options: ListedReaderOptions;
  /** By folder. */
  readonly #entries = new Map<string, readonly ObjectInfo[]>();
  #reader: Promise<VersionReader | undefined> | undefined;

  constructor(registry: Registry, options: ListedReaderOptions) {
    this.#registry = registry;
    this.#options = options;
  }

  /**
   * Reads the newest versions of a name with these records. Returns undefined if it may have missed
   * one, since the records may have been replaced meanwhile.
   */
  async newestOf(
    name: string,
    entries: readonly ObjectInfo[],
  ): Promise<NewestVersions | undefined> {
    const reader = await (this.#reader ??= this.#open().catch(() => undefined));
    if (reader === undefined) return undefined;
    const folder = `${NAMES}${encodeName(name)}/`;
    this.#entries.set(folder, entries);
    try {
      const newest = await reader.newestOf(name);
      return newest.isWhole || newest.hasOthers ? newest : undefined; // others are read later
    } finally {
      this.#entries.delete(folder);
    }
  }

  /** Opens the registry again, over a store that knows these lists. It holds nothing to close. */
  async #open(): Promise<VersionReader | undefined> {
    const { backend } = this.#registry;
    if (backend === undefined || !openedHere.has(this.#registry)) return undefined;
    const list = (prefix: string, options: ListOptions = {}) => {
      const folder = prefix.slice(0, prefix.indexOf("/", NAMES.length) + 1);
      const entries = options.delimiter === undefined ? this.#entries.get(folder) : undefined;
      return entries === undefined
        ? backend.list(prefix, options)
        : listAgain(entries, prefix, options);
    };
    const store = wrapBackend(backend, { list, getFirst: undefined });
    const { system, closing } = this.#options;
    const options = {
      create: false,
      readOnly: true,
      cache: false,
      system,
      signal: closing,
    } as const;
    const registry = await openRegistry(store, options);
    return new VersionReader(registry, { logger: silentLogger, closing }); // misses are read again
  }
}

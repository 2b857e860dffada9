// Reads names as a refresh has listed them: their aliases, notes and versions cost no further list.
import type { ListOptions, ObjectInfo } from "../../../core/backend.ts";
import { encodeName } from "../../../core/naming/names.ts";
import { wrapBackend } from "../../../core/work/wrap_backend.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { readSettings } from "../../../registry/maintenance.ts";
import { type NewestVersions, VersionReader } from "./version_reader.ts";

const NAMES = "names/";
const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

export class ListedReader {
  readonly #registry: Registry;
  readonly #signal: AbortSignal;
  /** By folder. */
  readonly #entries = new Map<string, readonly ObjectInfo[]>();
  #reader: Promise<VersionReader | undefined> | undefined;

  constructor(registry: Registry, { closing }: { closing: AbortSignal }) {
    this.#registry = registry;
    this.#signal = closing;
  }

  /**
   * Returns all versions of a name with these records. Returns undefined if some could not be read:
   * they may have been replaced since.
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
      return newest.isWhole ? newest : undefined;
    } finally {
      this.#entries.delete(folder);
    }
  }

  /** Opens the registry again, over a store that knows these lists. It holds nothing to close. */
  async #open(): Promise<VersionReader | undefined> {
    const { backend } = this.#registry;
    if (backend === undefined || !Object.hasOwn(this.#registry, "backend")) return undefined;
    await readSettings(this.#registry); // throws for a wrapper, which may answer otherwise than the store
    const list = (prefix: string, options: ListOptions = {}) => {
      const folder = prefix.slice(0, prefix.indexOf("/", NAMES.length) + 1);
      const entries = options.delimiter === undefined ? this.#entries.get(folder) : undefined;
      return entries === undefined
        ? backend.list(prefix, options)
        : listed(entries, prefix, options);
    };
    const store = wrapBackend(backend, { list, getFirst: undefined });
    const signal = this.#signal;
    const options = { create: false, readOnly: true, cache: false, signal } as const;
    return new VersionReader(await openRegistry(store, options), {
      logger: SILENT,
      closing: signal,
    });
  }
}

async function* listed(
  entries: readonly ObjectInfo[],
  prefix: string,
  { after = "", limit = Infinity }: ListOptions,
): AsyncGenerator<ObjectInfo> {
  let count = 0;
  for (const entry of entries) {
    if (count >= limit) return;
    if (!entry.key.startsWith(prefix) || entry.key <= after) continue;
    count++;
    yield entry;
  }
}

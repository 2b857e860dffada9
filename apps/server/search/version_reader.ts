// Reads the versions of names for the search index.
import { isRegistryError, type Logger, type Registry } from "../../../mod.ts";
import { retold } from "../../../core/errors.ts";
import type { Annotations } from "../../../core/artifact.ts";
import { itemAt } from "../../../core/faults/present.ts";
import type { InfoOptions, VersionEntry } from "../../../core/registry.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import { type SearchedVersion, searchText } from "./query.ts";

export interface IndexedVersion extends SearchedVersion {
  /** Bytes. */
  readonly size: number;
}

export interface Entry {
  /** Names one write of a version. */
  readonly key: string;
  readonly found: IndexedVersion;
  readonly text: string;
}

type SavedVersion = Pick<VersionEntry, "name" | "version">;

/** The versions of a name. */
export interface NameIndex {
  readonly name: string;
  /** By version. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** Newest first. */
  readonly versions: Entry[];
  /** Versions with an alias that are not among `versions`, by version. */
  readonly aliased: Map<string, Entry>;
  /** The last version read, if there are others after it. */
  after?: string;
}

/** Versions of each name that are read before all others. */
const NEWEST = 20;
/** Names, and versions of a name, that are read at the same time. */
export const AT_ONCE = 32;

/** Codes of errors that the other names would have too. */
const OF_ALL_NAMES: ReadonlySet<string> = new Set(["Unavailable", "Unknown", "Denied"]);

/** Reads the versions of names, but not the known ones again. */
export class VersionReader {
  readonly #registry: Registry;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  readonly #known: ReadonlyMap<string, IndexedVersion>;

  constructor(
    registry: Registry,
    { logger, closing, known }: {
      logger: Logger;
      closing: AbortSignal;
      known: ReadonlyMap<string, IndexedVersion>;
    },
  ) {
    this.#registry = registry;
    this.#logger = logger;
    this.#signal = closing;
    this.#known = known;
  }

  async newestOf(name: string): Promise<NameIndex> {
    const aliases = new Map<string, string[]>();
    const index: NameIndex = { name, aliases, versions: [], aliased: new Map() };
    try {
      for await (
        const { alias, version } of this.#registry.aliases(name, { signal: this.#signal })
      ) {
        aliases.set(version, [...aliases.get(version) ?? [], alias]);
      }
      const options = { limit: NEWEST + 1, annotations: true, signal: this.#signal };
      const listed = await Array.fromAsync(this.#registry.versions(name, options));
      const newest = listed.slice(0, NEWEST);
      for (const each of newest) index.versions.push(...await this.#entriesOf(each, aliases));
      if (listed.length <= NEWEST) return index;
      index.after = itemAt(newest, -1).version;
      for (const version of aliases.keys()) {
        if (newest.some((each) => each.version === version)) continue;
        const [entry] = await this.#entriesOf({ name, version }, aliases);
        if (entry !== undefined) index.aliased.set(version, entry);
      }
    } catch (error) {
      this.#skip(name, error);
    }
    return index;
  }

  async *olderOf(
    name: string,
    aliases: NameIndex["aliases"],
    after: string,
  ): AsyncGenerator<Entry> {
    try {
      const listed = this.#registry.versions(name, {
        after,
        annotations: true,
        signal: this.#signal,
      });
      const read = (each: VersionEntry) => this.#entriesOf(each, aliases);
      for await (const entries of mapAtOnce(listed, read, { concurrency: AT_ONCE })) yield* entries;
    } catch (error) {
      this.#skip(name, error);
    }
  }

  /** Returns the entry of a version, or none if it cannot be read. */
  async #entriesOf(
    { name, version, generation, modifiedAt, annotations }: Partial<VersionEntry> & SavedVersion,
    aliases: NameIndex["aliases"],
  ): Promise<Entry[]> {
    try {
      const isListed = generation !== undefined;
      // A restored store may have another record of the same generation.
      const key = `${name}@${version}#${generation} ${modifiedAt?.getTime()}`;
      const asked = { name, version, annotations: !isListed, signal: this.#signal };
      const facts = (isListed ? this.#known.get(key) : undefined) ??
        await describe(this.#registry, asked);
      const { labels, notes }: Pick<Partial<Annotations>, "labels" | "notes"> = isListed
        ? annotations ?? {}
        : facts;
      const { metadata, kind, createdAt, size, by } = facts;
      const about = { aliases: aliases.get(version) ?? [], metadata, labels, notes };
      const found = { name, version, ...about, kind, createdAt, size, by };
      return [{ key, found, text: searchText(found) }];
    } catch (error) {
      this.#skip(`${name}@${version}`, error);
      return [];
    }
  }

  /** Throws only if no name can be read now. Its error is for all, so it has no name. */
  #skip(ref: string, error: unknown): void {
    if (!isRegistryError(error)) throw error;
    if (OF_ALL_NAMES.has(error.code)) {
      throw retold(error, { action: "read the index", subject: undefined, key: undefined });
    }
    this.#logger.warn(`Cannot search ${JSON.stringify(ref)}: ${error.message}`);
  }
}

async function describe(
  registry: Registry,
  { name, version, annotations, signal }: SavedVersion & InfoOptions,
): Promise<Omit<IndexedVersion, "aliases">> {
  const info = await registry.info(`${name}@${version}`, { annotations, signal });
  const { createdAt, size, metadata, materializer: { id: kind } } = info;
  const { labels, notes } = info.annotations ?? {};
  const by = info.by?.name;
  const saved = { kind, createdAt: createdAt.toISOString(), by, size };
  return { name, version, ...saved, metadata, labels, notes };
}

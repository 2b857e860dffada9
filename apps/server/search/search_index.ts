// The search index: names, versions, aliases and metadata, in memory. The newest versions of each
// name and those with an alias are read first, then all others, as far as there is room. A search
// refreshes an old index.
import { isRegistryError, type Logger, type Registry, type System } from "../../../mod.ts";
import type { Annotations } from "../../../core/artifact.ts";
import type { InfoOptions, VersionEntry } from "../../../core/registry.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import { withinMs } from "../within_time.ts";
import { type SearchedVersion, searchText } from "./query.ts";

export interface IndexedVersion extends SearchedVersion {
  /** Bytes. */
  readonly size: number;
}

interface Entry {
  /** Names one write of a version. */
  readonly key: string;
  readonly found: IndexedVersion;
  readonly text: string;
}

type SavedVersion = Pick<VersionEntry, "name" | "version">;

/** The versions of a name. */
interface NameIndex {
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

interface SearchIndex {
  /** By name, newest first. */
  readonly entries: Iterable<Entry>;
  /** The wall clock time when reading began, milliseconds. */
  readonly readAt: number;
  /** The index is full, so some versions are missing. */
  readonly cut: boolean;
  /** Names read whole so far, while it is read for the first time. */
  readonly read?: readonly string[];
}

interface ReadIndexOptions {
  /** Returns what is read so far after a moment, instead of waiting for all. @default false */
  partial?: boolean;
}

const FRESH_MS = 60_000;
const MOST_VERSIONS = 200_000;
const MOST_TEXT = 128 * 1024 * 1024;
/** Versions of each name that are read before all others. */
const NEWEST = 20;
const AT_ONCE = 32;
/** An index that is read this fast is never returned in part. */
const WHOLE_WITHIN_MS = 250;

/**
 * Creates a function that returns the index. The first call waits until it is read, if it does not
 * ask for a part. Later calls return it at once, and refresh it in the background if it is older
 * than a minute. Known versions are not read again. Reading gives way to other requests.
 */
export function createSearchIndex(
  registry: Registry,
  { system, logger, closing }: { system: System; logger: Logger; closing: AbortSignal },
): (options?: ReadIndexOptions) => Promise<SearchIndex> {
  let index: SearchIndex | undefined;
  let soFar: SearchIndex | undefined;
  let reading: Promise<SearchIndex> | undefined;
  let known: ReadonlyMap<string, IndexedVersion> = new Map();

  async function read(): Promise<SearchIndex> {
    const readAt = system.now();
    const reader = new VersionReader(registry, { logger, closing, known });
    const all: NameIndex[] = [];
    const entries = { [Symbol.iterator]: () => inOrder(all) };
    const next = new Map<string, IndexedVersion>();
    const read: string[] = [];
    let text = 0, asked = 0, cut = false;

    /** Returns false if there is no room. */
    const fits = ({ key, found, text: words }: Entry): boolean => {
      text += words.length;
      cut ||= text > MOST_TEXT || next.size >= MOST_VERSIONS;
      if (!cut) next.set(key, found);
      return !cut;
    };
    const rest = async () => {
      soFar = { entries, readAt, cut, read };
      // A fast backend answers without ever returning to the event loop.
      if (++asked % AT_ONCE === 0) await system.sleep(0, closing);
    };

    const names = registry.names({ signal: closing });
    const newest = mapAtOnce(names, (name) => reader.newestOf(name), { concurrency: AT_ONCE });
    for await (const found of newest) {
      const { versions, aliased } = found;
      all.push({
        ...found,
        versions: versions.filter(fits),
        aliased: new Map([...aliased].filter(([, entry]) => fits(entry))),
      });
      if (cut) break;
      if (found.after === undefined) read.push(found.name);
      await rest();
    }
    for (const { name, versions, aliased, aliases, after } of all) {
      if (cut) break;
      if (after === undefined) continue;
      for await (const entry of reader.olderOf(name, aliases, after)) {
        if (aliased.delete(entry.found.version)) next.set(entry.key, entry.found);
        else if (!fits(entry)) break;
        versions.push(entry);
        await rest();
      }
      read.push(name);
    }
    known = next;
    return { entries, readAt, cut };
  }

  function refresh(): Promise<SearchIndex> {
    reading ??= read().then((found) => index = found).finally(() => reading = undefined);
    return reading;
  }

  return async ({ partial = false } = {}) => {
    if (index === undefined) {
      const whole = refresh();
      if (!partial) return await whole;
      return await withinMs(WHOLE_WITHIN_MS, whole, system) ?? soFar ??
        { entries: [], readAt: system.now(), cut: false, read: [] };
    }
    if (system.now() - index.readAt >= FRESH_MS) {
      void refresh().catch((error) => logger.error("Cannot read the index:", error));
    }
    return index;
  };
}

/** Reads the versions of names, but not the known ones again. */
class VersionReader {
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
    const found: NameIndex = { name, aliases, versions: [], aliased: new Map() };
    try {
      for await (
        const { alias, version } of this.#registry.aliases(name, { signal: this.#signal })
      ) {
        aliases.set(version, [...aliases.get(version) ?? [], alias]);
      }
      const options = { limit: NEWEST + 1, annotations: true, signal: this.#signal };
      const listed = await Array.fromAsync(this.#registry.versions(name, options));
      const newest = listed.slice(0, NEWEST);
      for (const each of newest) found.versions.push(...await this.#entriesOf(each, aliases));
      if (listed.length <= NEWEST) return found;
      found.after = newest.at(-1)!.version;
      for (const version of aliases.keys()) {
        if (newest.some((each) => each.version === version)) continue;
        const [entry] = await this.#entriesOf({ name, version }, aliases);
        if (entry !== undefined) found.aliased.set(version, entry);
      }
    } catch (error) {
      this.#skip(name, error);
    }
    return found;
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
    { name, version, generation, annotations }: Partial<VersionEntry> & SavedVersion,
    aliases: NameIndex["aliases"],
  ): Promise<Entry[]> {
    try {
      const isListed = generation !== undefined;
      const key = `${name}@${version}#${generation}`;
      const asked = { name, version, annotations: !isListed, signal: this.#signal };
      const facts = (isListed ? this.#known.get(key) : undefined) ??
        await describe(this.#registry, asked);
      const { labels, notes }: Partial<Annotations> = isListed ? annotations ?? {} : facts;
      const { metadata, kind, createdAt, size } = facts;
      const about = { aliases: aliases.get(version) ?? [], metadata, labels, notes };
      const found = { name, version, ...about, kind, createdAt, size };
      return [{ key, found, text: searchText(found) }];
    } catch (error) {
      this.#skip(`${name}@${version}`, error);
      return [];
    }
  }

  #skip(ref: string, error: unknown): void {
    if (!isRegistryError(error, "NotFound", "Conflict", "Corrupt")) throw error;
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
  return { name, version, kind, createdAt: createdAt.toISOString(), size, metadata, labels, notes };
}

function* inOrder(names: readonly NameIndex[]): Generator<Entry> {
  for (const { versions, aliased } of names) {
    yield* versions;
    yield* aliased.values();
  }
}

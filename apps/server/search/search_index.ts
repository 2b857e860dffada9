// The search index: names, versions, aliases and metadata of the latest versions of each name, in
// memory. A search refreshes an old index.
import { isRegistryError, type Logger, type Registry, type System } from "../../../mod.ts";
import { type SearchedVersion, searchText } from "./query.ts";

export interface IndexedVersion extends SearchedVersion {
  readonly createdAt: string;
  /** Bytes. */
  readonly size: number;
}

export interface SearchIndex {
  readonly entries: readonly { readonly found: IndexedVersion; readonly text: string }[];
  /** The wall clock time when reading began, milliseconds. */
  readonly readAt: number;
  /** The index is full, so some versions are missing. */
  readonly cut: boolean;
}

export interface SearchIndexOptions {
  system: System;
  logger: Logger;
  closing: AbortSignal;
}

const FRESH_MS = 60_000;
const MOST_VERSIONS = 200_000;
const MOST_TEXT = 128 * 1024 * 1024;
const VERSIONS_OF_A_NAME = 20;
const NAMES_AT_ONCE = 32;

/**
 * Creates a function that returns the index. The first call waits until it is read. Later calls
 * return it at once, and refresh it in the background if it is older than a minute. Known versions
 * are not read again.
 */
export function createSearchIndex(
  registry: Registry,
  { system, logger, closing }: SearchIndexOptions,
): () => Promise<SearchIndex> {
  let index: SearchIndex | undefined;
  let reading: Promise<SearchIndex> | undefined;
  let known = new Map<string, IndexedVersion>();

  async function read(): Promise<SearchIndex> {
    const readAt = system.now();
    const entries: { found: IndexedVersion; text: string }[] = [];
    const next = new Map<string, IndexedVersion>();
    let text = 0;
    let cut = false;
    for await (const found of inGroups(registry.names({ signal: closing }), versionsOf)) {
      for (const [key, version] of found) {
        const words = searchText(version);
        text += words.length;
        if (entries.length >= MOST_VERSIONS || text > MOST_TEXT) {
          cut = true;
          break;
        }
        next.set(key, version);
        entries.push({ found: version, text: words });
      }
      if (cut) break;
    }
    known = next;
    return { entries, readAt, cut };
  }

  async function versionsOf(name: string): Promise<[key: string, IndexedVersion][]> {
    const found: [string, IndexedVersion][] = [];
    try {
      const aliases = Object.entries(await registry.aliases(name, { signal: closing }));
      const options = { limit: VERSIONS_OF_A_NAME, signal: closing };
      for await (const { version, generation } of registry.versions(name, options)) {
        const key = `${name}@${version}#${generation}`;
        const naming = aliases.filter(([, named]) => named === version).map(([alias]) => alias);
        const { createdAt, size, metadata } = known.get(key) ?? await describe(name, version);
        found.push([key, { name, version, aliases: naming, metadata, createdAt, size }]);
      }
    } catch (error) {
      if (!isRegistryError(error, "NotFound", "Conflict", "Corrupt")) throw error;
      logger.warn(`Cannot search ${JSON.stringify(name)}: ${error.message}`);
    }
    return found;
  }

  async function describe(
    name: string,
    version: string,
  ): Promise<Omit<IndexedVersion, "name" | "version" | "aliases">> {
    const { createdAt, size, metadata } = await registry.info(name, { version, signal: closing });
    return { createdAt: createdAt.toISOString(), size, metadata };
  }

  function refresh(): Promise<SearchIndex> {
    reading ??= read().then((found) => index = found).finally(() => reading = undefined);
    return reading;
  }

  return async () => {
    if (index === undefined) return await refresh();
    if (system.now() - index.readAt >= FRESH_MS) {
      void refresh().catch((error) => logger.error("Cannot read the index:", error));
    }
    return index;
  };
}

async function* inGroups<T, R>(
  items: AsyncIterable<T>,
  make: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  let group: Promise<R>[] = [];
  for await (const item of items) {
    group.push(make(item));
    if (group.length < NAMES_AT_ONCE) continue;
    yield* await Promise.all(group);
    group = [];
  }
  yield* await Promise.all(group);
}

// The search index: names, versions, aliases and metadata of the latest versions of each name, in
// memory. A search refreshes an old index.
import { isRegistryError, type Logger, type Registry, type System } from "../../../mod.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import { withinMs } from "../within_time.ts";
import { type SearchedVersion, searchText } from "./query.ts";

export interface IndexedVersion extends SearchedVersion {
  /** Bytes. */
  readonly size: number;
}

export interface SearchIndex {
  readonly entries: readonly { readonly found: IndexedVersion; readonly text: string }[];
  /** The wall clock time when reading began, milliseconds. */
  readonly readAt: number;
  /** The index is full, so some versions are missing. */
  readonly cut: boolean;
  /** Names read so far, while it is read for the first time. */
  readonly read?: number;
}

export interface ReadIndexOptions {
  /** Returns what is read so far after a moment, instead of waiting for all. @default false */
  partial?: boolean;
}

const FRESH_MS = 60_000;
const MOST_VERSIONS = 200_000;
const MOST_TEXT = 128 * 1024 * 1024;
const VERSIONS_OF_A_NAME = 20;
const NAMES_AT_ONCE = 32;
/** An index that is read this fast is never returned in part. */
const WHOLE_WITHIN_MS = 250;

/**
 * Creates a function that returns the index. The first call waits until it is read, if it does not
 * ask for a part. Later calls
 * return it at once, and refresh it in the background if it is older than a minute. Known versions
 * are not read again. Reading gives way to other requests after each group of names.
 */
export function createSearchIndex(
  registry: Registry,
  { system, logger, closing }: { system: System; logger: Logger; closing: AbortSignal },
): (options?: ReadIndexOptions) => Promise<SearchIndex> {
  let index: SearchIndex | undefined;
  let soFar: SearchIndex | undefined;
  let reading: Promise<SearchIndex> | undefined;
  let known = new Map<string, IndexedVersion>();

  async function read(): Promise<SearchIndex> {
    const readAt = system.now();
    const entries: { found: IndexedVersion; text: string }[] = [];
    const next = new Map<string, IndexedVersion>();
    let text = 0;
    let cut = false;
    let read = 0;
    const names = registry.names({ signal: closing });
    for await (const found of mapAtOnce(names, versionsOf, { concurrency: NAMES_AT_ONCE })) {
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
      soFar = { entries, readAt, cut, read: ++read };
      // A fast backend answers without ever returning to the event loop.
      if (read % NAMES_AT_ONCE === 0) await system.sleep(0, closing);
    }
    known = next;
    return { entries, readAt, cut };
  }

  async function versionsOf(name: string): Promise<[key: string, IndexedVersion][]> {
    const found: [string, IndexedVersion][] = [];
    try {
      const aliases = await Array.fromAsync(registry.aliases(name, { signal: closing }));
      const options = { limit: VERSIONS_OF_A_NAME, annotations: true, signal: closing };
      for await (const { version, generation, annotations } of registry.versions(name, options)) {
        const key = `${name}@${version}#${generation}`;
        const naming = aliases.flatMap((each) => each.version === version ? [each.alias] : []);
        const { createdAt, size, metadata, kind } = known.get(key) ??
          await describe(registry, name, { version, signal: closing });
        const { labels, notes } = annotations ?? {};
        const about = { aliases: naming, metadata, labels, notes };
        found.push([key, { name, version, ...about, kind, createdAt, size }]);
      }
    } catch (error) {
      if (!isRegistryError(error, "NotFound", "Conflict", "Corrupt")) throw error;
      logger.warn(`Cannot search ${JSON.stringify(name)}: ${error.message}`);
    }
    return found;
  }

  function refresh(): Promise<SearchIndex> {
    reading ??= read().then((found) => index = found).finally(() => reading = undefined);
    return reading;
  }

  return async ({ partial = false } = {}) => {
    if (index === undefined) {
      const whole = refresh();
      if (!partial) return await whole;
      return await withinMs(WHOLE_WITHIN_MS, whole, system) ?? soFar ?? nothingAt(system.now());
    }
    if (system.now() - index.readAt >= FRESH_MS) {
      void refresh().catch((error) => logger.error("Cannot read the index:", error));
    }
    return index;
  };
}

async function describe(
  registry: Registry,
  name: string,
  at: { version: string; signal: AbortSignal },
): Promise<Omit<IndexedVersion, "name" | "version" | "aliases">> {
  const { createdAt, size, metadata, materializer: { id: kind } } = await registry.info(name, at);
  return { createdAt: createdAt.toISOString(), size, metadata, kind };
}

function nothingAt(readAt: number): SearchIndex {
  return { entries: [], readAt, cut: false, read: 0 };
}

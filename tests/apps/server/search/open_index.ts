// Opens a search index as a service does.
import { WrittenNames } from "../../../../apps/server/memory/written_names.ts";
import { searchBlocks } from "../../../../apps/server/search/search_blocks.ts";
import {
  type SearchIndexOptions,
  SearchIndexReader,
} from "../../../../apps/server/search/search_index.ts";
import { silentLogger } from "../../../../core/system.ts";
import { createMemoryBackend, openRegistry, type Registry } from "../../../../mod.ts";
import { type CallCounts, withCounts } from "../../../bench/counted_backend.ts";
import { createScriptedSystem, type ScriptedSystem } from "../../../support/scripted_system.ts";
import { realSystem } from "../../../../core/system.ts";

export interface OpenIndex {
  index: SearchIndexReader;
  writes: WrittenNames;
  warnings: string[];
  /** Waits until the index has everything that others wrote. */
  refresh(): Promise<void>;
  /** Returns what is found, as refs. */
  find(query: string): Promise<string[]>;
  close(): Promise<void>;
}

export function openIndex(
  registry: Registry,
  system: ScriptedSystem,
  options: Pick<SearchIndexOptions, "folder" | "blockSize" | "mostHeld"> = {},
): OpenIndex {
  const closing = new AbortController();
  const writes = new WrittenNames();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
  const parts = { system, logger, closing: closing.signal, writes };
  const index = new SearchIndexReader(registry, { ...parts, ...options });
  return {
    index,
    writes,
    warnings,
    async refresh() {
      system.advance(3_600_000);
      while ((await index.read()).readAt < system.now()) await realSystem.sleep(0);
    },
    async find(query) {
      const all = { offset: 0, limit: 100_000, mayRead: () => true };
      const { items } = await index.search({}, (read) => searchBlocks(read, query, all));
      return items.map(({ name, version }) => `${name}@${version}`);
    },
    async close() {
      closing.abort();
      await index.close();
    },
  };
}

export interface SearchedRegistry extends AsyncDisposable {
  registry: Registry;
  system: ScriptedSystem;
  calls: CallCounts;
  /** All versions in the order of a search. */
  refs: string[];
}

/** A registry with ten versions of `a` and `b` to `y`, and fifty of `z`. */
export async function createSearched(): Promise<SearchedRegistry> {
  const system = createScriptedSystem();
  const { backend, calls } = withCounts(createMemoryBackend({ system }));
  const registry = await openRegistry(backend, { system });
  const refs: string[] = [];
  for (const letter of "abcdefghijklmnopqrstuvwxyz") {
    const count = letter === "z" ? 50 : letter === "a" ? 10 : 1;
    for (let at = 1; at <= count; at++) await registry.save(letter, at, { metadata: { at } });
    for (let at = count; at > 0; at--) refs.push(`${letter}@${at}.0.0`);
  }
  return {
    registry,
    system,
    calls,
    refs,
    [Symbol.asyncDispose]: () => registry[Symbol.asyncDispose](),
  };
}

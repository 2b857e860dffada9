// The search index: names, versions, aliases and metadata, in memory. The newest versions of each
// name and those with an alias are read first, then all others, as far as there is room. A search
// first reads the names again that this service wrote since, and refreshes an old index.
import type { Logger, Registry, System } from "../../../mod.ts";
import { encodeName } from "../../../core/naming/names.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import type { ServiceMemory } from "../memory/service_memory.ts";
import { withinMs } from "../within_time.ts";
import { AT_ONCE, type Entry, type IndexedVersion, type NameIndex } from "./version_reader.ts";
import { VersionReader } from "./version_reader.ts";

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
/** An index that is read this fast is never returned in part. */
const WHOLE_WITHIN_MS = 250;

/** The versions in an index, as far as there is room. */
class Room {
  cut = false;
  #text = 0;
  /** By key. */
  readonly known = new Map<string, IndexedVersion>();

  /** Returns false if there is no room. */
  add({ key, found, text }: Entry): boolean {
    this.#text += text.length;
    this.cut ||= this.#text > MOST_TEXT || this.known.size >= MOST_VERSIONS;
    if (!this.cut) this.known.set(key, found);
    return !this.cut;
  }

  /** Adds the first versions of a name, and returns those that there is room for. */
  addNewest(newest: NameIndex): NameIndex {
    return {
      ...newest,
      versions: newest.versions.filter((entry) => this.add(entry)),
      aliased: new Map([...newest.aliased].filter(([, entry]) => this.add(entry))),
    };
  }

  /** Adds another version of a name. Returns false if there is no room. */
  addOlder(index: NameIndex, entry: Entry): boolean {
    if (index.aliased.delete(entry.found.version)) this.known.set(entry.key, entry.found);
    else if (!this.add(entry)) return false;
    index.versions.push(entry);
    return true;
  }

  remove({ versions, aliased }: NameIndex): void {
    for (const { key, text } of [...versions, ...aliased.values()]) {
      this.#text -= text.length;
      this.known.delete(key);
    }
  }
}

interface ReadIndex extends SearchIndex {
  readonly names: NameIndex[];
  readonly room: Room;
}

interface SearchIndexOptions {
  /** Names that the service writes. */
  writes: Pick<ServiceMemory["writes"], "since">;
  system: System;
  logger: Logger;
  closing: AbortSignal;
}

/** Reads the index, and keeps it. Known versions are not read again. */
export class SearchIndexReader {
  readonly #registry: Registry;
  readonly #options: SearchIndexOptions;
  #index: ReadIndex | undefined;
  #soFar: SearchIndex | undefined;
  #reading: Promise<ReadIndex> | undefined;
  #updating: Promise<void> | undefined;
  /** Names that this service wrote since they were read. */
  readonly #written = new Set<string>();
  #mark = 0;

  constructor(registry: Registry, options: SearchIndexOptions) {
    this.#registry = registry;
    this.#options = options;
  }

  /** Notes the names that this service wrote since the last search, to read them again. */
  async #noteWritten(): Promise<void> {
    const { mark, names, isCut } = await this.#options.writes.since(this.#mark);
    this.#mark = Math.max(this.#mark, mark);
    if (this.#index === undefined && this.#reading === undefined) return;
    for (const name of names) this.#written.add(name);
    if (!isCut || this.#index === undefined) return;
    await this.#reading?.catch(() => {}); // may have begun before the writes
    await this.#refresh();
  }

  /**
   * Returns the index, with everything that this service wrote before. The first call waits until
   * it is read, if it does not ask for a part. Later calls refresh it in the background if it is
   * older than a minute, for what other programs wrote. Reading gives way to other requests.
   */
  async read({ partial = false }: ReadIndexOptions = {}): Promise<SearchIndex> {
    const { system, logger } = this.#options;
    await this.#noteWritten();
    if (this.#index === undefined) {
      const whole = this.#refresh();
      if (partial) {
        return await withinMs(WHOLE_WITHIN_MS, whole, system) ?? this.#soFar ??
          { entries: [], readAt: system.now(), cut: false, read: [] };
      }
      await whole;
    } else if (system.now() - this.#index.readAt >= FRESH_MS) {
      void this.#refresh().catch((error) => logger.error("Cannot read the index:", error));
    }
    await this.#updating; // may have begun before the last write
    if (this.#written.size > 0 || this.#updating !== undefined) {
      await (this.#updating ??= this.#update().finally(() => this.#updating = undefined));
    }
    return this.#index!;
  }

  #refresh(): Promise<ReadIndex> {
    const written = [...this.#written];
    if (this.#reading !== undefined) return this.#reading;
    this.#written.clear(); // names that are written from now on are read once more
    this.#reading = this.#readAll()
      .then((next) => this.#index = next)
      .catch((error) => {
        for (const name of written) this.#written.add(name);
        throw error;
      })
      .finally(() => this.#reading = undefined);
    return this.#reading;
  }

  async #readAll(): Promise<ReadIndex> {
    const { system, closing } = this.#options;
    const readAt = system.now();
    const known = this.#index?.room.known ?? new Map();
    const reader = new VersionReader(this.#registry, { ...this.#options, known });
    const names: NameIndex[] = [];
    const room = new Room();
    const { entries } = indexOf(names);
    const read: string[] = [];
    let asked = 0;
    const rest = async () => {
      this.#soFar = { entries, readAt, cut: room.cut, read };
      // A fast backend answers without ever returning to the event loop.
      if (++asked % AT_ONCE === 0) await system.sleep(0, closing);
    };

    const listed = this.#registry.names({ signal: closing });
    const newest = mapAtOnce(listed, (name) => reader.newestOf(name), { concurrency: AT_ONCE });
    for await (const indexed of newest) {
      names.push(room.addNewest(indexed));
      if (room.cut) break;
      if (indexed.after === undefined) read.push(indexed.name);
      await rest();
    }
    for (const index of names) {
      if (room.cut) break;
      if (index.after === undefined) continue;
      for await (const entry of reader.olderOf(index.name, index.aliases, index.after)) {
        if (!room.addOlder(index, entry)) break;
        await rest();
      }
      read.push(index.name);
    }
    return { entries, names, room, readAt, cut: room.cut };
  }

  /** Reads the names again that were written before. */
  async #update(): Promise<void> {
    for (const name of [...this.#written]) {
      this.#written.delete(name);
      try {
        await this.#updateName(name);
      } catch (error) {
        this.#written.add(name);
        throw error;
      }
    }
  }

  async #updateName(name: string): Promise<void> {
    for (;;) {
      const index = this.#index!;
      const [newest, older] = await this.#readName(name, index);
      if (this.#index === index) return void (this.#index = replaceName(index, newest, older));
      // A refresh ended meanwhile: it may have read this name earlier or later.
    }
  }

  async #readName(name: string, { room }: ReadIndex): Promise<[NameIndex, Entry[]]> {
    const { system, closing } = this.#options;
    const reader = new VersionReader(this.#registry, { ...this.#options, known: room.known });
    const newest = await reader.newestOf(name);
    const older: Entry[] = [];
    if (newest.after === undefined) return [newest, older];
    for await (const entry of reader.olderOf(name, newest.aliases, newest.after)) {
      older.push(entry);
      if (older.length % AT_ONCE === 0) await system.sleep(0, closing);
    }
    return [newest, older];
  }
}

/** Returns the index with other versions of a name. Searches that read the old one go on. */
function replaceName(index: ReadIndex, newest: NameIndex, older: readonly Entry[]): ReadIndex {
  const { names, room } = index;
  const key = encodeName(newest.name);
  const next = names.findIndex((each) => encodeName(each.name) >= key);
  const at = next < 0 ? names.length : next;
  const before = names[at]?.name === newest.name ? names[at] : undefined;
  if (before !== undefined) room.remove(before);
  const added = room.addNewest(newest);
  older.every((entry) => room.addOlder(added, entry));
  const isLeft = added.versions.length > 0;
  const changed = names.toSpliced(at, before === undefined ? 0 : 1, ...(isLeft ? [added] : []));
  return { ...index, ...indexOf(changed), cut: room.cut };
}

function indexOf(names: NameIndex[]): Pick<ReadIndex, "names" | "entries"> {
  return { names, entries: { [Symbol.iterator]: () => inOrder(names) } };
}

function* inOrder(names: readonly NameIndex[]): Generator<Entry> {
  for (const { versions, aliased } of names) {
    yield* versions;
    yield* aliased.values();
  }
}

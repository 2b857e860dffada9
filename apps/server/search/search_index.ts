// The search index: names, versions, aliases and metadata, in blocks (`block.ts`). A search has all
// that its service wrote before, and what other programs wrote until the last refresh, which is at
// most about a minute old. A refresh lists the records of the store, reads the names whose records
// have changed, and puts their versions into the blocks. Each name in a block says which listing of
// its records it is from, so an index from a file is trusted name by name.
//
// With a folder, blocks are in its files, and the next process begins with them. Without one they
// are in memory, as far as there is room: the newest versions of each name and those with an alias
// are read first, then all others.
import type { Logger, Registry, System } from "../../../mod.ts";
import { unavailable } from "../../../core/errors.ts";
import { forEachAtOnce, mapAtOnce } from "../../../core/work/at_once.ts";
import { createLanes } from "../../../core/work/lanes.ts";
import type { ServiceMemory } from "../memory/service_memory.ts";
import { withinMs } from "../within_time.ts";
import type { Row } from "./block.ts";
import { type BlockLimits, BlockStore, DamagedBlock } from "./block_store.ts";
import { type Change, changeBlocks, LostName } from "./change_blocks.ts";
import { KnownRows } from "./known_rows.ts";
import { ListedReader } from "./listed_reader.ts";
import { type ChangedName, changedNames, partsOf } from "./listed_names.ts";
import { type Block, withoutDamaged } from "./stored_block.ts";
import { AT_ONCE, NEWEST, VersionReader } from "./version_reader.ts";

/** An index at one moment. It stays as it is while it is searched. */
export interface SearchIndex {
  readonly store: BlockStore;
  readonly blocks: readonly Block[];
  /** The wall clock time when reading began, milliseconds. */
  readonly readAt: number;
  /** The memory is full, so some versions are missing. */
  readonly cut: boolean;
  /** It was not compared with the registry as a whole yet. */
  readonly isPartial: boolean;
}

interface ReadIndexOptions {
  /** Returns what is read so far after a moment, instead of waiting for all. @default false */
  partial?: boolean;
}

export interface SearchIndexOptions extends BlockLimits {
  /** Names that the service writes. */
  writes: Pick<ServiceMemory["writes"], "since">;
  system: System;
  logger: Logger;
  closing: AbortSignal;
  /** A folder for the index. @default it is in memory */
  folder?: string;
}

const FRESH_MS = 60_000;
/** A refresh that takes long is done less often. */
const REST_FACTOR = 10;
/** An index that is read this fast is never returned in part. */
const WHOLE_WITHIN_MS = 250;
/** Names that are put into the index together. */
const BATCH = 1024;
/** Blocks whose versions are put into the index together. */
const SLICE = 2;
/** Bytes of blocks that are written to a file before all others have been read. */
const MOST_UNWRITTEN = 16 * 1024 * 1024;
const MOST_TRIES = 10;

/** Reads the index, and keeps it. Known versions are not read again. */
export class SearchIndexReader {
  readonly #registry: Registry;
  readonly #options: SearchIndexOptions;
  readonly #reader: VersionReader;
  readonly #listed: ListedReader;
  readonly #inOrder = createLanes();
  #store: Promise<BlockStore> | undefined;
  #blocks: readonly Block[] = [];
  #cut = false;
  /** When the last refresh began that ended, also one of an earlier process. */
  #readAt: number | undefined;
  #beganAt: number | undefined;
  /** The index has been compared with the registry in this process. */
  #isWhole = false;
  #refreshAt = 0;
  #reading: Promise<void> | undefined;
  #updating: Promise<void> | undefined;
  /** Names that this service wrote since they were read. */
  readonly #written = new Set<string>();
  #mark = 0;
  /** Counts when the reading of names began. */
  #clock = 0;
  /** By name, when the reading began that an update put into the index. */
  readonly #updated = new Map<string, number>();

  constructor(registry: Registry, options: SearchIndexOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#reader = new VersionReader(registry, options);
    this.#listed = new ListedReader(registry, options);
  }

  /**
   * Returns the index, with everything that this service wrote before. The first call waits until
   * it is read, if it does not ask for a part. Later calls refresh it in the background if it is
   * older than a minute, for what other programs wrote. Reading gives way to other requests.
   */
  async read({ partial = false }: ReadIndexOptions = {}): Promise<SearchIndex> {
    const { system, logger } = this.#options;
    const store = await this.#open();
    await this.#noteWritten();
    if (!this.#isWhole) {
      const whole = this.#refresh();
      if (partial) {
        await withinMs(WHOLE_WITHIN_MS, whole, system);
        if (!this.#isWhole) return this.#snapshot(store);
      } else await whole;
    } else if (system.now() >= this.#refreshAt) {
      void this.#refresh().catch((error) => logger.error("Cannot read the index:", error));
    }
    await this.#updating; // may have begun before the last write
    if (this.#written.size > 0 || this.#updating !== undefined) {
      await (this.#updating ??= this.#update().finally(() => this.#updating = undefined));
    }
    return this.#snapshot(store);
  }

  /** Searches the index. Reads damaged blocks of it from the registry again. */
  async search<T>(
    options: ReadIndexOptions,
    use: (index: SearchIndex) => Promise<T>,
  ): Promise<T> {
    return await this.#withoutDamage(async () => await use(await this.read(options)));
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#reading, this.#updating]);
    await (await this.#store)?.close();
  }

  #snapshot(store: BlockStore): SearchIndex {
    return {
      store,
      blocks: this.#blocks,
      readAt: this.#readAt ?? this.#beganAt ?? this.#options.system.now(),
      cut: this.#cut,
      isPartial: !this.#isWhole,
    };
  }

  /** Opens the blocks that earlier processes kept. */
  #open(): Promise<BlockStore> {
    return this.#store ??= (async () => {
      const { folder, system } = this.#options;
      const { id, location } = this.#registry;
      const registry = `${id}\n${location}`;
      const files = folder === undefined
        ? undefined
        : new (await import("./block_files.ts")).BlockFiles({ folder, registry, system });
      const store = new BlockStore({ ...this.#options, files });
      const kept = await store.load();
      this.#blocks = kept?.blocks ?? [];
      this.#readAt = kept?.readAt;
      return store;
    })();
  }

  /** Notes the names that this service wrote since the last search, to read them again. */
  async #noteWritten(): Promise<void> {
    const { mark, names, isCut } = await this.#options.writes.since(this.#mark);
    this.#mark = Math.max(this.#mark, mark);
    if (!this.#isWhole && this.#reading === undefined) return;
    if (!isCut || !this.#isWhole) {
      for (const name of names) this.#written.add(name);
      return;
    }
    await this.#reading?.catch(() => {}); // may have begun before the writes
    this.#isWhole = false; // until a refresh ends, also if the next one fails
  }

  /** Compares the index with the registry, and reads what has changed. */
  #refresh(): Promise<void> {
    if (this.#reading !== undefined) return this.#reading;
    this.#updated.clear();
    this.#reading = this.#withoutDamage(() => this.#readAll())
      .catch(async (error) => {
        await this.#keep(await this.#open(), this.#readAt); // the next try goes on from here
        throw error;
      })
      .finally(() => this.#reading = undefined);
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    const { system } = this.#options;
    const store = await this.#open();
    const readAt = this.#beganAt = system.now();
    this.#cut = false;
    const long: ChangedName[] = [];
    await forEachAtOnce(
      partsOf(this.#registry, this.#blocks),
      async (part) => {
        const names = changedNames(this.#registry, store, { part, signal: this.#signal });
        for await (const batch of inBatches(names)) {
          if (this.#cut) return;
          long.push(...await this.#inOrder("names", () => this.#readBatch(store, batch)));
        }
      },
    );
    for (const each of long) {
      if (this.#cut) break;
      const began = ++this.#clock;
      await this.#change(store, [await this.#readWhole(store, each)], began);
    }
    await this.#keep(store, readAt);
    this.#readAt = readAt;
    this.#isWhole = true;
    const took = system.now() - readAt;
    this.#refreshAt = readAt + Math.max(FRESH_MS, took * REST_FACTOR);
  }

  get #signal(): AbortSignal {
    return this.#options.closing;
  }

  /** Reads names and puts them into the index. Returns those with more versions than were read. */
  async #readBatch(store: BlockStore, batch: readonly ChangedName[]): Promise<ChangedName[]> {
    const { system, closing } = this.#options;
    const long: ChangedName[] = [];
    let changes: Change[] = [], rows = 0, asked = 0;
    const began = ++this.#clock;
    // Each change writes whole blocks again, so a large index has few changes.
    const mostRows = () => {
      const indexed = this.#blocks.reduce((sum, { count }) => sum + count, 0);
      return Math.min(SLICE * store.blockSize, Math.max(AT_ONCE, indexed));
    };
    let most = mostRows();
    const read = mapAtOnce(batch, (each) => this.#readName(store, each, long), {
      concurrency: AT_ONCE,
    });
    for await (const change of read) {
      changes.push(change);
      rows += 1 + (change.rows?.length ?? 0);
      if (rows >= most) {
        await this.#change(store, changes, began);
        changes = [];
        rows = 0;
        most = mostRows();
      }
      // A fast backend answers without ever returning to the event loop.
      if (++asked % AT_ONCE === 0) await system.sleep(0, closing);
    }
    await this.#change(store, changes, began);
    return long;
  }

  async #readName(
    store: BlockStore,
    changed: ChangedName,
    long: ChangedName[],
  ): Promise<Change> {
    const { name, print, count = 0, entries } = changed;
    if (print === undefined) return { name, isGone: true };
    if (count > NEWEST) {
      long.push(changed);
      return { name };
    }
    if (count > 0) return await this.#readWhole(store, changed);
    // A list from before an update may lack what the service wrote.
    const listed = entries !== undefined && !this.#updated.has(name)
      ? await this.#listed.newestOf(name, entries)
      : undefined;
    const { rows, isWhole, hasOthers } = listed ?? await this.#reader.newestOf(name);
    if (hasOthers) long.push({ name, print }); // without its records: there may be many such names
    return { name, rows, print: isWhole ? print : "" };
  }

  /** Reads all versions of a name. Those of a long one are put into the index on the way. */
  async #readWhole(
    store: BlockStore,
    { name, print = "" }: ChangedName,
  ): Promise<Change> {
    const { system, closing } = this.#options;
    const known = new KnownRows(store, this.#blocks, name);
    const began = ++this.#clock;
    let rows: Row[] = [], after: string | undefined, isChanged = false, count = 0;
    const versions = this.#reader.allOf(name, known);
    for (;;) {
      const { value, done } = await versions.next();
      if (done) {
        const isLast = after === undefined;
        if (isLast) return { name, rows, print: value ? print : "" };
        if (isChanged || !await known.isEmpty()) {
          await this.#change(store, [{ name, rows, after }], began);
        }
        return { name, print: value ? print : "" };
      }
      if (rows.length === SLICE * store.blockSize) {
        const until = rows.at(-1)!.found.version;
        if (isChanged) {
          await this.#change(store, [{ name, rows, after, until }], began);
          if (this.#cut) return { name };
        }
        after = until;
        rows = [];
        isChanged = false;
      }
      if (value !== undefined) rows.push(value.row);
      isChanged ||= !value?.isKnown;
      if (++count % AT_ONCE === 0) await system.sleep(0, closing);
    }
  }

  /** Puts names into the index, but not over those that an update has read later. */
  #change(store: BlockStore, changes: readonly Change[], began = Infinity): Promise<void> {
    return this.#inOrder("blocks", async () => {
      const wanted = changes.filter(({ name, rows, print, isGone }) =>
        (rows !== undefined || print !== undefined || isGone) &&
        // A name that is gone was missing when the refresh began.
        (this.#updated.get(name) ?? 0) <= (isGone ? 0 : began)
      );
      if (wanted.length === 0) return;
      const next = await changeBlocks(store, this.#blocks, wanted);
      if (store.isFull(next)) return void (this.#cut = true);
      this.#blocks = next;
      const unwritten = next.reduce((sum, { bytes }) => sum + (bytes?.byteLength ?? 0), 0);
      if (unwritten > MOST_UNWRITTEN) this.#blocks = await store.keep(next, this.#readAt);
    });
  }

  #keep(store: BlockStore, readAt: number | undefined): Promise<void> {
    return this.#inOrder("blocks", async () => {
      this.#blocks = await store.keep(this.#blocks, this.#cut ? undefined : readAt);
    });
  }

  /** Reads the names again that were written before. */
  async #update(): Promise<void> {
    const store = await this.#open();
    for (const name of [...this.#written]) {
      this.#written.delete(name);
      try {
        const began = ++this.#clock;
        this.#updated.set(name, began);
        await this.#change(store, [await this.#readWhole(store, { name })]);
      } catch (error) {
        this.#written.add(name);
        throw error;
      }
    }
  }

  /** Calls again without the damaged blocks that a call meets. */
  async #withoutDamage<T>(call: () => Promise<T>): Promise<T> {
    for (let tries = 1;; tries++) {
      try {
        return await call();
      } catch (error) {
        const isDamage = error instanceof DamagedBlock || error instanceof LostName;
        if (!isDamage) throw error;
        if (tries === MOST_TRIES) throw unavailable("search", undefined, "its index is damaged");
        if (!(error instanceof DamagedBlock)) continue;
        this.#options.logger.warn(`${error.message}, so it is read again`);
        this.#blocks = withoutDamaged(this.#blocks, (block) => block === error.block);
        this.#isWhole = false;
      }
    }
  }
}

async function* inBatches(names: AsyncIterable<ChangedName>): AsyncGenerator<ChangedName[]> {
  let batch: ChangedName[] = [];
  for await (const each of names) {
    batch.push(each);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

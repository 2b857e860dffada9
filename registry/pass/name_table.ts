// A table of notes about names, in pages: what one run leaves for the next. A page that is missing,
// damaged or of another table is ignored, so its names are unknown. Two runs that write at once may
// mix their pages, and a run may write some of its pages only: each entry must be true by itself.
import { isPrefix } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import { isJsonObject } from "../../core/text/json_text.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { removeObjects } from "../../core/work/remove_objects.ts";
import type { Context } from "../operations/context.ts";
import { decodeNote, digestOfNote, encodeNote } from "./noted.ts";
import { PackedMap } from "./packed_map.ts";

/** Names of one page. */
const PAGE = 10_000;
const MAX_PAGE_BYTES = 64 * 1024 * 1024;
/** Pages are written again after so long, even if they did not change: `gc` forgets unused ones. */
const RENEWED_MS = 90 * 24 * 60 * 60 * 1000;
/** How often a long run writes what it found. */
const INTERIM_MS = 10 * 60 * 1000;

/** The place of a table, and the shape of its entries. */
export interface NameTableOptions<Entry> {
  /** The folder of its pages, with `/`. Nothing else may be in it. */
  folder: string;
  /** Returns true for a value of JSON that is a whole entry. */
  isEntry(value: unknown): value is Entry;
  signal?: AbortSignal;
}

/** A table as it was read. */
export class NameTable<Entry> {
  /** Entries by encoded name. */
  readonly entries: PackedMap<Entry> = new PackedMap<Entry>();
  readonly #context: Context;
  readonly #options: NameTableOptions<Entry>;
  /** The digest of each page in the store; empty for a page that was ignored. */
  readonly #pages = new Map<string, string>();
  #savedAt: number;

  constructor(context: Context, options: NameTableOptions<Entry>) {
    this.#context = context;
    this.#options = options;
    this.#savedAt = context.system.monotonic();
  }

  /** Reads its pages: a list, and a get for each 10,000 names. */
  async read(): Promise<void> {
    const { folder, signal } = this.#options;
    await this.#attempt("read", async () => {
      for await (const entry of this.#context.backend.list(folder, { signal })) {
        if (!isPrefix(entry) && PAGE_NUMBER.test(entry.key.slice(folder.length))) {
          this.#pages.set(entry.key, "");
        }
      }
      const keys = [...this.#pages.keys()];
      await forEachAtOnce(keys, (key) => this.#attempt("read", () => this.#readPage(key)));
    });
  }

  /** Writes these entries in place of all others. A failure is logged. */
  async save(entries: Iterable<readonly [name: string, entry: Entry]>): Promise<void> {
    const { backend } = this.#context, { signal } = this.#options, pages = this.#pages;
    const packed = entries instanceof PackedMap ? entries : new PackedMap(entries);
    const old = new Set(pages.keys());
    await this.#attempt("write", async () => {
      if (await backend.reserve?.({ signal }) === false) return; // deletions need the last space
      await forEachAtOnce(this.#pagesOf(packed), async ([key, bytes]) => {
        old.delete(key);
        const digest = digestOfNote(bytes);
        if (pages.get(key) !== digest) await backend.put(key, bytes, { signal });
        pages.set(key, digest);
      });
      await removeObjects(backend, [...old], signal);
    });
  }

  /** Writes these entries beside those that were read, every ten minutes: the run may be cut off. */
  async saveInterim(entries: Iterable<readonly [name: string, entry: Entry]>): Promise<void> {
    const now = this.#context.system.monotonic();
    if (now - this.#savedAt < INTERIM_MS) return;
    this.#savedAt = now;
    const both = new PackedMap(this.entries);
    for (const [name, entry] of entries) both.set(name, entry);
    await this.save(both);
  }

  *#pagesOf(packed: PackedMap<Entry>): Generator<[key: string, bytes: Uint8Array]> {
    const { folder } = this.#options, registry = this.#context.id;
    const entries: [name: string, entry: Entry][] = [];
    let page = 0;
    const endPage = (): [string, Uint8Array] => {
      const names = Object.fromEntries(entries.splice(0));
      return [`${folder}${page++}`, encodeNote({ registry, table: folder, names })];
    };
    for (const entry of packed) if (entries.push(entry) === PAGE) yield endPage();
    if (entries.length > 0) yield endPage();
  }

  async #readPage(key: string): Promise<void> {
    const { backend, system } = this.#context, { isEntry, signal } = this.#options;
    const page = await backend.get(key, { signal });
    if (page === undefined) return;
    if (page.info.size > MAX_PAGE_BYTES) return void await page.body.cancel();
    const bytes = await page.bytes();
    const names = this.#namesOf(decodeNote(bytes));
    if (names === undefined) return;
    const isRenewed = system.now() - page.info.modifiedAt > RENEWED_MS;
    if (!isRenewed) this.#pages.set(key, digestOfNote(bytes));
    for (const [name, entry] of Object.entries(names)) {
      if (isEntry(entry)) this.entries.set(name, entry);
    }
  }

  /** Returns the names of a page, if it is of this table. */
  #namesOf(note: unknown): Record<string, unknown> | undefined {
    if (!isJsonObject(note)) return undefined;
    const { registry, table, names } = note;
    const isOwn = registry === this.#context.id && table === this.#options.folder;
    return isOwn && isJsonObject(names) ? names : undefined;
  }

  async #attempt(what: string, action: () => Promise<void>): Promise<void> {
    const { folder, signal } = this.#options;
    try {
      await action();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isRegistryError(error)) throw error;
      // `du` needs no right to write.
      const isReader = what === "write" && isRegistryError(error, "Denied");
      this.#context.logger[isReader ? "info" : "warn"](
        `cannot ${what} the notes in "${folder}", so names are read again: ${error.message}`,
      );
    }
  }
}

const PAGE_NUMBER = /^(0|[1-9]\d*)$/;

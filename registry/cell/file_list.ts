// The list of files of a version: in its record, in an object, or in pages, which are read one after
// the other.
import { sha256 } from "../../core/bytes/digest.ts";
import { checkHeap } from "../../core/calls/file_limit.ts";
import type { PagesOptions } from "../../core/artifact.ts";
import { corrupt } from "../../core/errors.ts";
import { itemAt } from "../../core/faults/present.ts";
import type { FilePage, Part, StoredFile, VersionRecord } from "../../core/record.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import { keepNewest } from "../../core/work/keep_newest.ts";
import {
  type ExpectedPage,
  isPaged,
  pageWith,
  parseIndex,
  parsePage,
  placedFiles,
} from "../format/file_pages.ts";
import { payloadKey } from "../format/layout.ts";
import { filesProblem } from "../format/record_shape.ts";
import { objectsOfFiles, ownPlace, type PayloadObject } from "./objects.ts";
import { getPart } from "./part_runs.ts";
import type { Store } from "./store.ts";

/** Pages that are read ahead of the one that is used. */
const PAGES_AHEAD = 7;

/** An object of a list of files that is not there. */
export class GoneList extends Error {
  readonly key: string;
  constructor(key: string) {
    super(`"${key}" does not exist`);
    this.key = key;
  }
}

/** Options of reading a list. */
export interface FileListOptions {
  /** Reads an object of the list. @default from the store */
  read?(key: string, part: Part & { sha256: string }): Promise<Uint8Array | undefined>;
  /** Receives each object of the list before it is read. */
  onObject?(object: PayloadObject): void;
  /** Number of pages of each kind that are kept for the next lookup. @default 0 */
  keep?: number;
  signal?: AbortSignal;
}

/** A page whose folder is known, and what it must have. */
interface PlacedPage extends ExpectedPage, Pick<Part, "object" | "offset" | "size"> {
  folder: string;
}

/** Reads the list of files of one record. Throws {@linkcode GoneList} if an object is missing. */
export class FileList {
  readonly store: Store;
  readonly #record: VersionRecord;
  readonly #options: FileListOptions;
  readonly #own: string;
  readonly #keptIndexes = new Map<string, Promise<FilePage[]>>();
  readonly #keptFiles = new Map<string, Promise<StoredFile[]>>();

  constructor(
    store: Store,
    record: VersionRecord,
    options: FileListOptions = {},
  ) {
    this.store = store;
    this.#record = record;
    this.#options = options;
    this.#own = ownPlace(store, record);
  }

  /**
   * Yields the files some at a time. Those of pages are sorted by path, and the folder of each is
   * in its `from`. `after` begins with the page that has this path.
   */
  async *slices(
    { after, ahead = PAGES_AHEAD, skip }: PagesOptions = {},
  ): AsyncGenerator<StoredFile[]> {
    if (!isPaged(this.#record)) return yield await this.#unpaged();
    const pages = this.#pagesBelow(this.#root(), this.#levels, { after, skip });
    const read = (page: PlacedPage) =>
      after === undefined ? this.#readFiles(page) : this.#lookUp(page);
    yield* mapAtOnce(pages, read, { concurrency: ahead + 1 });
  }

  /** Returns the file with a path, reading only its page and those above. */
  async find(path: string): Promise<StoredFile | undefined> {
    const isSame = (file: StoredFile) => file.path === path;
    if (!isPaged(this.#record)) return (await this.#unpaged()).find(isSame);
    let page = this.#root();
    for (let level = this.#levels; level > 0; level--) {
      const pages = await this.#readIndex(page);
      const at = pageWith(pages, path);
      if (at < 0) return undefined; // before the first file
      page = placed(pages, at, page);
    }
    return (await this.#lookUp(page)).find(isSame);
  }

  /** Returns the pages of files, with the folder of each in `from`, and its objects. */
  async pages(): Promise<FilePage[]> {
    if (!isPaged(this.#record)) return [];
    const pages = this.#pagesBelow(this.#root(), this.#levels);
    return await Array.fromAsync(
      pages,
      ({ folder: from, first = "", next: _, ...page }) => ({ ...page, first, from }),
    );
  }

  get ref(): string {
    const { name, version } = this.#record;
    return `"${name}@${version}"`;
  }

  /** Number of its files; 0 if it is not in pages. */
  get count(): number {
    return isPaged(this.#record) ? this.#record.fileList!.files! : 0;
  }

  get #levels(): number {
    return this.#record.fileList!.levels!;
  }

  #root(): PlacedPage {
    const { object, offset, size, sha256, files = 0, from } = this.#record.fileList!;
    const bytes = this.#record.size;
    return { object, offset, size, sha256, files, bytes, folder: from ?? this.#own };
  }

  /** Yields the pages of files below a page, in order. */
  async *#pagesBelow(
    above: PlacedPage,
    level: number,
    { after, skip }: PagesOptions = {},
  ): AsyncGenerator<PlacedPage> {
    const pages = await this.#readIndex(above);
    const from = after === undefined ? 0 : Math.max(pageWith(pages, after), 0);
    for (let at = from; at < pages.length; at++) {
      const page = placed(pages, at, above);
      const before = at === from ? undefined : pages[at - 1]?.first;
      if (skip?.({ before, first: itemAt(pages, at).first, next: page.next })) continue;
      const below = { after: at === from ? after : undefined, skip };
      if (level === 1) yield page;
      else yield* this.#pagesBelow(page, level - 1, below);
    }
  }

  #readIndex(page: PlacedPage): Promise<FilePage[]> {
    return this.#kept(this.#keptIndexes, page, async () => {
      const pages = parseIndex(await this.#read(page), page);
      return typeof pages === "string" ? this.#damaged(page, pages) : pages;
    });
  }

  /** Returns a page that was kept, or reads and keeps it. */
  async #kept<T>(
    kept: Map<string, Promise<T>>,
    page: PlacedPage,
    read: () => Promise<T>,
  ): Promise<T> {
    const { keep = 0 } = this.#options;
    if (keep === 0) return await read();
    const known = kept.get(page.sha256);
    const rows = known ?? read();
    kept.delete(page.sha256); // to the end
    kept.set(page.sha256, rows);
    keepNewest(kept, keep);
    try {
      return await rows;
    } catch (error) {
      if (kept.get(page.sha256) === rows) kept.delete(page.sha256);
      throw error;
    }
  }

  async #readFiles(page: PlacedPage): Promise<StoredFile[]> {
    const files = await parsePage(await this.#read(page), page);
    if (typeof files === "string") return this.#damaged(page, files);
    return placedFiles(files, page.folder, this.#own);
  }

  /** Reads a page that the next lookup may need, too. */
  #lookUp(page: PlacedPage): Promise<StoredFile[]> {
    return this.#kept(this.#keptFiles, page, () => this.#readFiles(page));
  }

  async #unpaged(): Promise<StoredFile[]> {
    const { fileList, files, size } = this.#record;
    if (fileList === undefined) return files;
    const { from: folder = this.#own, object, offset, sha256 } = fileList;
    const list = { object, offset, size: fileList.size, sha256, folder, files: 0, bytes: size };
    const read = await parseList(await this.#read(list), list);
    return typeof read === "string" ? this.#damaged(list, read) : read;
  }

  async #read(page: PlacedPage): Promise<Uint8Array> {
    const { onObject, read = this.#get, signal } = this.#options;
    signal?.throwIfAborted();
    onObject?.([page.folder, page.object]);
    const key = this.#keyOf(page);
    const bytes = await read(key, page);
    if (bytes === undefined) throw new GoneList(key);
    return bytes;
  }

  readonly #get = async (key: string, part: Part): Promise<Uint8Array | undefined> => {
    const { signal } = this.#options;
    return await (await getPart(this.store.backend, key, part, { signal }))?.bytes();
  };

  #keyOf({ folder, object }: PlacedPage): string {
    return payloadKey(this.#record.name, folder, object);
  }

  #damaged(page: PlacedPage, state: string): never {
    const what = isPaged(this.#record) ? "page" : "list";
    throw corrupt("read the files of", this.ref, `${what} of files: ${state}`, {
      hint: "Restore the object from a backup, or delete the version.",
      key: this.#keyOf(page),
    });
  }
}

/** Returns a page of a page, with what follows it. */
function placed(pages: readonly FilePage[], at: number, above: PlacedPage): PlacedPage {
  const { object, offset, size, sha256, first, files, bytes, from } = itemAt(pages, at);
  const next = pages[at + 1]?.first ?? above.next;
  const folder = from ?? above.folder;
  return { object, offset, size, sha256, first, files, bytes, next, folder };
}

/** Parses a list that is not in pages. */
async function parseList(
  content: Uint8Array,
  { sha256: digest, bytes }: ExpectedPage,
): Promise<StoredFile[] | string> {
  if (sha256(content) !== digest) return "SHA-256 does not match";
  let files: StoredFile[];
  try {
    files = JSON.parse(new TextDecoder().decode(content));
  } catch {
    return "it is not JSON"; // the parser's message would quote it
  }
  return await filesProblem(files, bytes) ?? files;
}

/** Reads all files of a list. Throws `Invalid` if the memory of this program cannot hold them. */
export async function readAllFiles(list: FileList): Promise<StoredFile[]> {
  return await list.store.oneOfFewLists(async () => {
    checkHeap("read the files of", list.ref, list.count);
    let files: StoredFile[] | undefined;
    for await (const some of list.slices()) {
      if (files === undefined) files = some;
      else for (const file of some) files.push(file);
    }
    return files ?? [];
  });
}

/** The payload objects of a record. `isWhole` is false if an object of its list of files is gone. */
export interface RecordObjects {
  objects: PayloadObject[];
  isWhole: boolean;
}

/** Returns all payload objects of a record, reading its list of files a page at a time. */
export async function readObjects(
  store: Store,
  record: VersionRecord,
  { onFiles, signal }: {
    onFiles?(files: readonly StoredFile[]): void;
    signal?: AbortSignal;
  } = {},
): Promise<RecordObjects> {
  const own = ownPlace(store, record);
  const objects = new Map<string, PayloadObject>();
  const add = (object: PayloadObject) => void objects.set(object.join("/"), object);
  const list = new FileList(store, record, { onObject: add, signal });
  const read = async () => {
    for await (const files of list.slices()) {
      for (const object of objectsOfFiles(files, own)) add(object);
      onFiles?.(files);
    }
    return true;
  };
  const reading = record.fileList === undefined ? read() : store.oneOfFewLists(read);
  const isWhole = await reading.catch((error) => {
    if (error instanceof GoneList) return false;
    throw error;
  });
  return { objects: [...objects.values()], isWhole };
}

/** Returns the keys of all payload objects of a record. Reads its long list of files. */
export async function payloadKeysOf(
  store: Store,
  record: VersionRecord,
  signal?: AbortSignal,
): Promise<string[]> {
  const { objects } = await readObjects(store, record, { signal });
  return objects.map(([place, object]) => payloadKey(record.name, place, object));
}

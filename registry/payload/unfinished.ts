// Objects of an interrupted save. A note in the cache of the machine names them. The next save of
// the same name copies them inside the store instead of sending their bytes again. The originals
// stay garbage for `gc`; the copies belong to the new save.
import { isRegistryError, messageOf } from "../../core/errors.ts";
import { valueAt } from "../../core/faults/present.ts";
import type { StoredFile } from "../../core/record.ts";
import { isNear } from "../../core/driver.ts";
import type { Store } from "../cell/store.ts";
import type { FileFacts, WrittenPart } from "./job_kinds.ts";
import { type Known, KnownFiles, pointTo, type Shelf } from "./known.ts";

/** Keeps the note of one name. It may be lost at any time. */
export interface NoteKeeper {
  /** The location of the store that has the note. */
  readonly location?: string;
  read(): Promise<Uint8Array | undefined>;
  /** Writes if possible; never throws. */
  write(bytes: Uint8Array): Promise<void>;
  remove(): Promise<void>;
}

/** A file in a noted object, with one part whose `object` has no meaning. */
export type NotedFile = Pick<StoredFile, "size" | "sha256" | "encoding"> & {
  parts: NonNullable<StoredFile["parts"]>;
};

interface NotedObject {
  key: string;
  size: number;
  /** Local time, milliseconds since 1970. */
  at: number;
  files: NotedFile[];
}

/** The folder of the payload that is being written. */
interface OwnFolder {
  readonly key: string;
  /** Copies an object into it, and returns its number there. */
  copy(key: string): Promise<{ object: number }>;
}

type NotingStore = Pick<Store, "backend" | "system" | "logger" | "settings">;

/** Smaller objects are sent again. */
const NOTED_BYTES = 1024 * 1024;
/** The note is written again when this share of its objects is new: a long one takes time. */
const NEW_SHARE = 1 / 16;

export class Unfinished implements Shelf {
  readonly #store: NotingStore;
  readonly #keeper: NoteKeeper;
  readonly #folder: OwnFolder;
  readonly #known = new KnownFiles();
  /** Objects in the note, by key: left ones that were not copied, and those of this save. */
  readonly #noted = new Map<string, NotedObject>();
  readonly #keyOf = new Map<StoredFile, string>();
  readonly #copied = new Map<string, Promise<number | undefined>>();
  /** Objects that were noted after the note was written. */
  #added = 0;
  #writing?: Promise<void>;
  /** Numbers of the objects of this save that are noted. */
  readonly own: Set<number> = new Set();

  private constructor(store: NotingStore, keeper: NoteKeeper, folder: OwnFolder) {
    this.#store = store;
    this.#keeper = keeper;
    this.#folder = folder;
  }

  /** Reads the note; undefined if the store is near, or cannot copy. */
  static async open(
    store: NotingStore,
    keeper: NoteKeeper | undefined,
    folder: OwnFolder,
  ): Promise<Unfinished | undefined> {
    const { backend, settings, system } = store;
    if (keeper === undefined || backend.copy === undefined || isNear(backend)) return undefined;
    const opened = new Unfinished(store, keeper, folder);
    const bytes = await keeper.read();
    try {
      const noted: NotedObject[] = bytes ? JSON.parse(new TextDecoder().decode(bytes)) : [];
      for (const object of noted) {
        if (system.now() - object.at < settings.leastGraceMs) opened.#find(object);
      }
      return opened;
    } catch {
      return new Unfinished(store, keeper, folder); // a note of another release
    }
  }

  known(size: number): Known | undefined {
    return this.#known.bySize.get(size);
  }

  /** Notes an object that a job has stored, with the files that are whole in it. */
  noteStored(
    object: number,
    files: readonly (FileFacts & { parts?: readonly WrittenPart[] })[],
  ): void {
    this.note(object, wholeFiles(object, files));
  }

  /** Notes an object that the store has acknowledged. */
  note(object: number, files: readonly NotedFile[]): void {
    const ends = files.flatMap(({ parts }) => parts.map(({ offset = 0, size }) => offset + size));
    const size = Math.max(0, ...ends);
    if (size < NOTED_BYTES) return;
    const key = `${this.#folder.key}${object}`;
    this.own.add(object);
    this.#noted.set(key, { key, size, at: this.#store.system.now(), files: [...files] });
    this.#added++;
    if (this.#isDue()) this.#writing ??= this.#write();
  }

  /** Writes what is not written yet. */
  async written(): Promise<void> {
    await this.#writing;
    if (this.#added > 0) await this.#write();
  }

  /** Copies the object with the file, once. */
  async take(file: StoredFile): Promise<boolean> {
    const same = this.#known.same(file);
    if (same === undefined) return false;
    const key = valueAt(this.#keyOf, same);
    if (!this.#copied.has(key)) this.#copied.set(key, this.#copy(valueAt(this.#noted, key)));
    const object = await valueAt(this.#copied, key);
    if (object === undefined) return false;
    const { encoding } = same;
    const parts = same.parts!.map((part) => ({ ...part, object }));
    pointTo(file, { ...(encoding && { encoding }), parts });
    return true;
  }

  /** Forgets everything, after the commit. */
  async end(): Promise<void> {
    await this.#writing;
    if (this.#noted.size > 0) await this.#keeper.remove();
  }

  #isDue(): boolean {
    return this.#added > this.#noted.size * NEW_SHARE;
  }

  /** Writes the note in the background, again if much was noted meanwhile. */
  async #write(): Promise<void> {
    do {
      this.#added = 0;
      const text = JSON.stringify([...this.#noted.values()]);
      await this.#keeper.write(new TextEncoder().encode(text));
    } while (this.#isDue());
    this.#writing = undefined;
  }

  async #copy({ key, size, files }: NotedObject): Promise<number | undefined> {
    const { backend, logger } = this.#store;
    this.#noted.delete(key);
    try {
      if ((await backend.head(key))?.size !== size) return undefined; // collected
      const { object } = await this.#folder.copy(key);
      this.note(object, files);
      return object;
    } catch (error) {
      if (!isRegistryError(error)) throw error;
      logger.debug(`could not copy "${key}", which is sent again: ${messageOf(error)}`);
      return undefined;
    }
  }

  #find(object: NotedObject): void {
    this.#noted.set(object.key, object);
    for (const file of object.files) {
      const stored: StoredFile = { path: "", ...file };
      this.#known.add(stored);
      this.#keyOf.set(stored, object.key);
    }
  }
}

/** Returns the files that are whole in one object. */
function wholeFiles(
  object: number,
  files: readonly (FileFacts & { parts?: readonly WrittenPart[] })[],
): NotedFile[] {
  const isOwn = ({ from, object: other }: WrittenPart) => other === undefined && !from;
  return files.flatMap(({ size, sha256, encoding, parts = [] }) => {
    const own = parts.length === 1 && parts.every(isOwn) && encoding !== "values"; // has more parts
    const noted = parts.map((part) => ({ ...part, object }));
    return own ? [{ size, sha256, ...(encoding && { encoding }), parts: noted }] : [];
  });
}

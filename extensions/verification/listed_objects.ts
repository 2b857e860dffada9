// Compares the sizes of payload objects in the store's listing with the records. Reads no payload:
// finds objects that are missing or cut off, not those whose bytes changed.
import type { ObjectInfo } from "../../backends/mod.ts";
import {
  corrupt,
  forEachAtOnce,
  isRegistryError,
  retold,
  shown,
  valueAt,
} from "../../core/kernel.ts";
import type { RegistryError } from "../../core/kernel.ts";
import type { Part, StoredFile } from "../../registry/extending.ts";
import { allParts, LAYOUT, PackedMap, saveAgain } from "../../registry/records.ts";
import type { PayloadSource, Records } from "../../registry/records.ts";
import type { VerifyReport } from "./report.ts";

type ListedCounts = NonNullable<VerifyReport["listed"]>;

/** Lists payload beside the records below a prefix, whose names come in the same order. */
export class ListedObjects {
  readonly #context: Records;
  readonly #signal?: AbortSignal;
  readonly #counts: ListedCounts;
  readonly #entries: AsyncGenerator<ObjectInfo>;
  #next?: ObjectInfo;
  #folder = "";
  #current?: ObjectsOfName;

  constructor(context: Records, prefix: string, counts: ListedCounts, signal?: AbortSignal) {
    const [, name = "", , , order = ""] = prefix.split("/");
    const folder = `${LAYOUT.OBJECTS}${name}/${order && `${order}/`}`; // of a version, its own payload
    const top = prefix === LAYOUT.NAMES ? LAYOUT.OBJECTS : folder;
    const onFailure = () => {}; // objects that are not listed are looked up
    this.#context = context;
    this.#signal = signal;
    this.#counts = counts;
    this.#entries = context.list(top, { signal, onFailure });
  }

  /** Returns the objects of a name, which is not before the last one. */
  async of(name: string): Promise<ObjectsOfName> {
    const folder = LAYOUT.objectsFolder(name);
    if (this.#current !== undefined && this.#folder === folder) return this.#current;
    this.#folder = folder;
    const sizes = new PackedMap<number>();
    const last = `${folder}\x7f`; // keys are ASCII
    for (this.#next ??= await this.#read(); this.#next && this.#next.key < last;) {
      const { key, size } = this.#next;
      if (key.startsWith(folder)) sizes.set(key, size);
      this.#next = await this.#read();
    }
    return this.#current = new ObjectsOfName(this.#context, sizes, this.#counts, this.#signal);
  }

  async end(): Promise<void> {
    await this.#entries.return(undefined);
  }

  /** Ends early at a place that cannot be listed, also one that is above the prefix. */
  async #read(): Promise<ObjectInfo | undefined> {
    try {
      const { value, done } = await this.#entries.next();
      return done ? undefined : value;
    } catch (error) {
      await this.#context.asPartial(error, this.#signal);
    }
  }
}

/** The listed objects of one name. */
export class ObjectsOfName {
  readonly #context: Records;
  readonly #sizes: PackedMap<number>;
  readonly #counts: ListedCounts;
  readonly #signal?: AbortSignal;
  readonly #counted = new PackedMap();
  readonly #asked = new Map<string, Promise<number | undefined>>();

  constructor(
    context: Records,
    sizes: PackedMap<number>,
    counts: ListedCounts,
    signal?: AbortSignal,
  ) {
    this.#context = context;
    this.#sizes = sizes;
    this.#counts = counts;
    this.#signal = signal;
  }

  /** Returns errors for files that lack an object or its end. Looks up each missing object once. */
  async check(source: PayloadSource, counting: boolean): Promise<Map<StoredFile, RegistryError>> {
    const sizes = await this.#sizesOf(source, counting);
    const damaged = new Map<StoredFile, RegistryError>();
    const gone = new Map<string, RegistryError>();
    for (const file of source.files) {
      for (const part of stored(file)) {
        const key = source.keyOf(file, part), size = sizes.get(key);
        if (size !== undefined && size >= endInObject(part)) continue;
        if (size !== undefined) damaged.set(file, this.#cutOff(source, file, { key, size, part }));
        else {
          if (!gone.has(key)) gone.set(key, await corruptionOf(source.missing(key, file.path)));
          damaged.set(file, retold(valueAt(gone, key), fileOf(source, file)));
        }
        break;
      }
    }
    return damaged;
  }

  /** Returns the sizes of a version's objects. Looks up those that are not listed as expected. */
  async #sizesOf(
    source: PayloadSource,
    counting: boolean,
  ): Promise<Map<string, number | undefined>> {
    const ends = new Map<string, number>(), sizes = new Map<string, number | undefined>();
    for (const file of source.files) {
      for (const part of stored(file)) {
        const key = source.keyOf(file, part);
        ends.set(key, Math.max(ends.get(key) ?? 0, endInObject(part)));
      }
    }
    await forEachAtOnce(ends, async ([key, end]) => {
      const listed = this.#sizes.get(key) ?? 0;
      const size = listed >= end ? listed : await this.#ask(key);
      sizes.set(key, size);
      if (counting && size !== undefined && size >= end) this.#count(key, size);
    });
    return sizes;
  }

  #count(key: string, size: number): void {
    if (this.#counted.has(key)) return;
    this.#counted.set(key, true);
    this.#counts.objects++;
    this.#counts.bytes += size;
  }

  #cutOff(
    source: PayloadSource,
    file: StoredFile,
    { key, size, part }: { key: string; size: number; part: Part },
  ): RegistryError {
    const { action, subject } = fileOf(source, file);
    return corrupt(
      action,
      subject,
      `a stored object is cut off: ${size} bytes, expected at least ${endInObject(part)}`,
      { ...saveAgain("Another program changed it."), key, backend: this.#context.backend.location },
    );
  }

  /** A list may be older than a save, or wrong. */
  #ask(key: string): Promise<number | undefined> {
    const asked = this.#asked.get(key) ??
      this.#context.backend.head(key, { signal: this.#signal }).then((info) => info?.size);
    this.#asked.set(key, asked);
    return asked;
  }
}

function fileOf({ ref }: PayloadSource, { path }: StoredFile) {
  return { action: "read file", subject: `${shown(path)} of "${ref}"` };
}

/** Returns why an object is missing. Throws if its version was deleted or replaced. */
async function corruptionOf(explaining: Promise<never>): Promise<RegistryError> {
  try {
    return await explaining;
  } catch (error) {
    if (isRegistryError(error, "Corrupt")) return error;
    throw error;
  }
}

/** Returns the parts of a file that have bytes. */
function stored(file: StoredFile): Part[] {
  return allParts(file).filter(({ size }) => size > 0);
}

/** Returns the least size of an object with a part. It may have more, as versions share ranges. */
function endInObject({ offset = 0, size }: Part): number {
  return offset + size;
}

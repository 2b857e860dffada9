// Small files that lie together in packs. From the second one on, those of a version are read with
// one request.
import type { FileRange } from "../../core/bytes/content_chunks.ts";
import type { Part, StoredFile } from "../../core/record.ts";

/** Files that end after this many bytes of an object are read alone. */
export const PACK_BYTES = 16 * 1024 * 1024;
/** Bytes between files that are read too, for each request that they save. */
const SAVED_BYTES = 256 * 1024;
/** Bytes of packs that are kept: those that were used last. */
const KEPT_BYTES = 32 * 1024 * 1024;

/** A range, and the bytes that may be read to have those of its files by one request. */
type MeasuredRange = FileRange & { worth: number };

export interface PackSource {
  files: readonly StoredFile[];
  keyOf(file: StoredFile, part: Part): string;
}

type Kept = FileRange & { bytes: Promise<Uint8Array> };

/** Ranges that were read, one of each pack, by its key. Pages of a version share them. */
export class KeptPacks extends Map<string, Kept> {
  /** Returns bytes of a kept range: too few if the pack is shorter. */
  find(key: string, { from, to }: FileRange): Promise<Uint8Array> | undefined {
    const kept = this.get(key);
    if (kept === undefined || from < kept.from || to > kept.to) return undefined;
    this.delete(key); // to the end
    this.set(key, kept);
    return kept.bytes.then((bytes) => bytes.slice(from - kept.from, to - kept.from));
  }

  add(key: string, kept: Kept): void {
    this.delete(key);
    this.set(key, kept);
    let held = 0;
    for (const [one, { from, to }] of [...this].reverse()) {
      held += to - from;
      if (held > KEPT_BYTES && one !== key) this.delete(one);
    }
  }
}

/** Decides which of some files are read together. */
export class PackPlan {
  /** For each pack, bytes worth the files that were read alone: none once it was read. */
  readonly #alone = new Map<string, number>();
  #ranges?: Map<string, MeasuredRange>;
  #last = "";

  /**
   * Returns the range to read for a file of a pack, if the file before was of the same pack, or if
   * it is worth the files that were read alone. A range that was not kept is not read again: in an
   * unlucky order of files, that would be for each of them.
   */
  next(key: string, { from, to }: FileRange, source: PackSource): FileRange | undefined {
    const isNext = this.#last === key, before = this.#alone.get(key);
    const alone = (before ?? 0) + to - from + SAVED_BYTES;
    this.#last = key;
    this.#alone.set(key, alone);
    const range = before === undefined ? before : (this.#ranges ??= measureRanges(source)).get(key);
    const worth = Math.max(isNext && range?.worth || 0, alone);
    if (range === undefined || range.to - range.from > worth) return undefined;
    range.worth = 0;
    this.#alone.set(key, -Infinity);
    return range;
  }

  /** Drops a range that failed, or is damaged. It is read again once that is worth it. */
  drop(key: string, packs: KeptPacks): void {
    packs.delete(key);
    if (this.#alone.get(key) === -Infinity) this.#alone.set(key, 0);
  }
}

/** Returns the range of each pack that has files. */
function measureRanges({ files, keyOf }: PackSource): Map<string, MeasuredRange> {
  const ranges = new Map<string, MeasuredRange>();
  for (const file of files) {
    for (const part of file.parts ?? []) {
      const { offset = Infinity, size } = part, end = offset + size;
      if (end > PACK_BYTES) continue;
      const key = keyOf(file, part), more = size + SAVED_BYTES;
      const { from, to, worth } = ranges.get(key) ?? { from: offset, to: 0, worth: 0 };
      ranges.set(key, { from: Math.min(from, offset), to: Math.max(to, end), worth: worth + more });
    }
  }
  return ranges;
}

// Small files that lie together in packs. From the second one on, those of a version are read with
// one request.
import type { Part, StoredFile } from "../../core/record.ts";

/** Files that end after this many bytes of an object are read alone. */
export const PACK_BYTES = 16 * 1024 * 1024;
/** Bytes between files that are read too, for each request that they save. */
const SAVED_BYTES = 256 * 1024;
/** Bytes of packs that are kept: those that were used last. */
const KEPT_BYTES = 32 * 1024 * 1024;

export interface PackRange {
  from: number;
  to: number;
}

interface MeasuredRange extends PackRange {
  /** Bytes that may be read to have those of its files by one request. */
  worth: number;
}

export interface PackSource {
  files: readonly StoredFile[];
  keyOf(file: StoredFile, part: Part): string;
}

type Kept = PackRange & { bytes: Promise<Uint8Array> };

/** Ranges that were read, one of each pack, by its key. Pages of a version share them. */
export class KeptPacks extends Map<string, Kept> {
  /** Returns bytes of a kept range: too few if the pack is shorter. */
  find(key: string, { from, to }: PackRange): Promise<Uint8Array> | undefined {
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
  readonly #source: PackSource;
  readonly #requests = new Map<string, number>();
  #ranges?: Map<string, MeasuredRange>;

  constructor(source: PackSource) {
    this.#source = source;
  }

  /**
   * Returns the range to read for a file of a pack, if it is the second one. A range that was not
   * kept is not read again: in an unlucky order of files, that would be for each of them.
   */
  next(key: string): PackRange | undefined {
    const requests = this.#requests.get(key) ?? 0;
    this.#requests.set(key, requests + 1);
    if (requests !== 1) return undefined;
    const range = (this.#ranges ??= measureRanges(this.#source)).get(key);
    return range && range.to - range.from <= range.worth ? range : undefined;
  }
}

/** Returns the range of each pack that has files. */
function measureRanges({ files, keyOf }: PackSource): Map<string, MeasuredRange> {
  const ranges = new Map<string, MeasuredRange>();
  for (const file of files) {
    for (const part of file.parts ?? []) {
      const { offset = Infinity, size } = part, end = offset + size;
      if (end > PACK_BYTES) continue;
      const key = keyOf(file, part);
      const { from, to, worth } = ranges.get(key) ?? { from: offset, to: 0, worth: 0 };
      const more = worth + size + SAVED_BYTES;
      ranges.set(key, { from: Math.min(from, offset), to: Math.max(to, end), worth: more });
    }
  }
  return ranges;
}

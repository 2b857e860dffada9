// The bytes that a run of `verify` reads: blocks of objects, by the digest of their place. Versions
// that share bytes refer to the same places, so one run reads all that they share, and once.
import { invalid, isOfShard, sha256, type Shard } from "../../core/kernel.ts";
import type { StoredFile } from "../../registry/extending.ts";
import { type PayloadSource, runsOf } from "../../registry/records.ts";

/** A block belongs to one of these positions. */
export const POSITIONS = 10_000;
/** Larger objects have several blocks, aligned to this size. */
const BLOCK_BYTES = 64 * 1024 * 1024;
/** Bounds what is remembered. */
const MAX_KNOWN = 10_000;

/** Positions, `to` excluded. */
export interface Positions {
  from: number;
  to: number;
}

export const WHOLE: Readonly<Shard> = { index: 0, count: 1 };
export const ALL: Readonly<Positions> = { from: 0, to: POSITIONS };

/** `other` is left to other shards, `later` to other runs of this shard. */
type Turn = "now" | "later" | "other";

/** The bytes of a file by who reads them. A chunk across two blocks is read with the first one. */
export type Amounts = Record<Turn, number> & {
  /** The turn of its first byte, by which it counts. */
  first: Turn;
};

/** The records of a shard, and the blocks that one run of it reads. */
export class Selection {
  readonly shard: Readonly<Shard>;
  readonly positions: Readonly<Positions>;
  readonly #known = new Map<string, Turn>();

  constructor(shard: Readonly<Shard> = WHOLE, positions: Readonly<Positions> = ALL) {
    this.shard = shard;
    this.positions = positions;
  }

  /** True if it reads all bytes of the registry. */
  get isAll(): boolean {
    const { from, to } = this.positions;
    return this.shard.count === 1 && from === 0 && to === POSITIONS;
  }

  /** True for a key of its shard: the cell of a record, or another object than payload. */
  owns(key: string): boolean {
    return this.shard.count === 1 || isOfShard(key, this.shard);
  }

  /** True if bytes of an object are read now. */
  reads(key: string, offset: number): boolean {
    return this.isAll || this.#turnOf(key, Math.floor(offset / BLOCK_BYTES)) === "now";
  }

  /** Divides the bytes of a file. One in the record belongs to the record. */
  amounts({ keyOf }: Pick<PayloadSource, "keyOf">, file: StoredFile, cell: string): Amounts {
    const amounts: Amounts = { first: "now", now: 0, later: 0, other: 0 };
    const runs = this.isAll ? [] : runsOf(file.parts);
    const [run] = runs;
    if (run === undefined) amounts.first = this.owns(cell) ? "now" : "other";
    else amounts.first = this.#turnOf(keyOf(file, run.parts[0]), blockAt(run.offset));
    if (run === undefined || !isDivided(file)) {
      amounts[amounts.first] = file.size; // it is verified as a whole
      return amounts;
    }
    for (const { parts: [part], offset = 0, size } of runs) {
      const key = keyOf(file, part), end = offset + size;
      for (let at = offset; at < end;) {
        const block = blockAt(at);
        const next = Math.min((block + 1) * BLOCK_BYTES, end);
        amounts[this.#turnOf(key, block)] += next - at;
        at = next;
      }
    }
    return amounts;
  }

  #turnOf(key: string, block: number): Turn {
    const place = `${key} ${block}`;
    const known = this.#known.get(place);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    const turn = this.#newTurnOf(place);
    this.#known.set(place, turn);
    return turn;
  }

  #newTurnOf(place: string): Turn {
    if (!this.owns(place)) return "other";
    const position = positionOf(place), { from, to } = this.positions;
    return position >= from && position < to ? "now" : "later";
  }
}

function blockAt(offset = 0): number {
  return Math.floor(offset / BLOCK_BYTES);
}

/** True for a file whose chunks are verified alone. */
function isDivided({ chunks, encoding }: StoredFile): boolean {
  return chunks !== undefined && encoding === undefined;
}

/** Throws `Invalid` for a shard that does not exist. */
export function checkShard(action: string, shard: Readonly<Shard>): void {
  const { index, count } = shard ?? {};
  if (Number.isSafeInteger(count) && index >= 0 && index < count && index % 1 === 0) return;
  const state = `there is no shard ${index} of ${count}`;
  const hint = "Pass { index: 0, count: 4 } for the first of four.";
  throw invalid(action, undefined, state, { hint });
}

/** Uses other digits of the digest than the shard. */
function positionOf(place: string): number {
  return Number.parseInt(sha256(place).slice(12, 24), 16) % POSITIONS;
}

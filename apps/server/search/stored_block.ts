// A block as an index lists it: its place among others, and that of its bytes.
import { itemAt } from "../../../core/faults/present.ts";
import type { Column } from "./block.ts";

/** A block, and where it is. */
export interface Block {
  /** The place of its first name, or of its first version if that name began in a block before. */
  readonly first: string;
  readonly last: string;
  /** Runs and versions. */
  readonly count: number;
  readonly columns: readonly StoredColumn[];
  readonly size: number;
  /** Either these, or the place in a file. */
  readonly bytes?: Uint8Array;
  readonly file?: string;
  readonly at?: number;
}

export interface StoredColumn extends Column {
  /** CRC-32 of its bytes, in a file. */
  readonly sum?: number;
}

/** An index as it was kept. */
export interface KeptIndex {
  readonly blocks: readonly Block[];
  /** When reading began, milliseconds; absent if it did not end. */
  readonly readAt?: number;
}

/**
 * Returns blocks without the damaged ones, and without those that share a name with one of them: a
 * name must be known as a whole or not at all.
 */
export function withoutDamaged(
  blocks: readonly Block[],
  isDamaged: (block: Block) => boolean,
): Block[] {
  const left: Block[] = [];
  for (let at = 0; at < blocks.length;) {
    let end = at + 1;
    while (
      end < blocks.length &&
      nameAt(itemAt(blocks, end).first) === nameAt(itemAt(blocks, end - 1).last)
    ) {
      end++;
    }
    const together = blocks.slice(at, end);
    if (!together.some(isDamaged)) left.push(...together);
    at = end;
  }
  return left;
}

function nameAt(place: string): string {
  return place.slice(0, place.indexOf("/"));
}

// Numbers of 32 and 16 bits with the fewest digits that identify them, as NumPy writes them.

/** Numbers of a size: how many digits identify each, and how they are rounded. */
interface Size {
  /** Decimals with so many digits are all different numbers. */
  readonly few: number;
  readonly most: number;
  /** The smallest number with all its bits. Smaller ones may have fewer digits. */
  readonly normal: number;
  round(value: number): number;
}

const SINGLE: Size = { few: 6, most: 9, normal: 2 ** -126, round: Math.fround };
const HALF: Size = { few: 3, most: 5, normal: 2 ** -14, round: Math.f16round };

/** Returns 0.1 for 0.10000000149011612, the nearest number of 32 bits. */
export function shortFloat32(value: number): number {
  return shortest(value, SINGLE);
}

/** Returns 0.1 for 0.0999755859375, the nearest number of 16 bits. */
export function shortFloat16(value: number): number {
  return shortest(value, HALF);
}

function shortest(value: number, { few, most, normal, round }: Size): number {
  const first = Math.abs(value) < normal ? 1 : few;
  for (let digits = first; digits < most && Number.isFinite(value); digits++) {
    const short = Number(value.toPrecision(digits));
    if (round(short) === value) return short;
  }
  return Number(value.toPrecision(most));
}

/** Numbers of 32 bits have more digits than this if they are written as numbers of 64. */
const MOST_DIGITS = 10;

/**
 * Returns a number that was probably stored with 32 bits with the fewest digits that identify it:
 * 0.3 for 0.30000001192092896. Returns integers, and numbers with few digits, as they are.
 */
export function shortestNumber(value: number): number {
  if (!Number.isFinite(value) || Number.isInteger(value) || Math.fround(value) !== value) {
    return value;
  }
  return Number(value.toPrecision(MOST_DIGITS)) === value ? value : shortFloat32(value);
}

/** Writes a string as it is, and another value as JSON; undefined for undefined. */
export function jsonText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_, each) => typeof each === "number" ? shortestNumber(each) : each);
}

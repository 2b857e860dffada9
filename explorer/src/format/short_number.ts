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

const SIZES: Readonly<Record<16 | 32, Size>> = {
  16: { few: 3, most: 5, normal: 2 ** -14, round: (value) => Math.f16round(value) },
  32: { few: 6, most: 9, normal: 2 ** -126, round: Math.fround },
};

/** Numbers of 32 bits have more digits than this if they are written as numbers of 64. */
const MOST_DIGITS = 10;

/**
 * Returns a number of 16 or 32 bits with the fewest digits that identify it: 0.3 for
 * 0.30000001192092896. Without `bits`, changes only numbers that were probably stored with 32.
 */
export function shortNumber(value: number, bits?: 16 | 32): number {
  if (!Number.isFinite(value) || bits === undefined && !isProbablySingle(value)) return value;
  const { few, most, normal, round } = SIZES[bits ?? 32];
  for (let digits = Math.abs(value) < normal ? 1 : few; digits < most; digits++) {
    const short = Number(value.toPrecision(digits));
    if (round(short) === value) return short;
  }
  return Number(value.toPrecision(most));
}

function isProbablySingle(value: number): boolean {
  return !Number.isInteger(value) && Math.fround(value) === value &&
    Number(value.toPrecision(MOST_DIGITS)) !== value;
}

/** Writes a string as it is, and another value as JSON; undefined for undefined. */
export function jsonText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return JSON.stringify(value, (_, each) => typeof each === "number" ? shortNumber(each) : each);
}

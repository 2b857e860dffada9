// Numbers of 32 and 16 bits with the fewest digits that identify them, as NumPy writes them.

/** Returns 0.1 for 0.10000000149011612, the nearest number of 32 bits. */
export function shortFloat32(value: number): number {
  return shortest(value, { few: 6, most: 9, round: Math.fround });
}

/** Returns 0.1 for 0.0999755859375, the nearest number of 16 bits. */
export function shortFloat16(value: number): number {
  return shortest(value, { few: 3, most: 5, round: Math.f16round });
}

/** Texts with `few` digits are all different numbers, and `most` digits identify each number. */
function shortest(
  value: number,
  { few, most, round }: { few: number; most: number; round(value: number): number },
): number {
  for (let digits = few; digits < most && Number.isFinite(value); digits++) {
    const short = Number(value.toPrecision(digits));
    if (round(short) === value) return short;
  }
  return Number(value.toPrecision(most));
}

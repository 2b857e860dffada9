// The strength that chance explains: of the same measure, over shuffled numbers.
import { quantileOf } from "../../format/quantile.ts";

const SHUFFLES = 200;
/** The part of the shuffles that are weaker. */
const PART = 0.99;

/** Returns the strength that 99 % of shuffles of `y` do not exceed. It is always the same one. */
export function chanceOf(
  strengthOf: (y: readonly number[]) => number,
  y: readonly number[],
): number {
  const random = seeded(y.length);
  const shuffled = [...y];
  const strengths = Float64Array.from({ length: SHUFFLES }, () => {
    for (let i = shuffled.length - 1; i > 0; i--) {
      const other = Math.floor(random() * (i + 1));
      [shuffled[i], shuffled[other]] = [shuffled[other] ?? 0, shuffled[i] ?? 0];
    }
    return strengthOf(shuffled);
  });
  return quantileOf(strengths.sort(), PART);
}

/** Returns numbers from 0 to 1 that a seed decides: a Lehmer generator with a prime modulus. */
function seeded(seed: number): () => number {
  let state = seed + 1;
  return () => (state = state * 48_271 % 2_147_483_647) / 2_147_483_647;
}

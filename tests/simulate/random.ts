// Seeded randomness: the same seed gives the same numbers, on every runtime.
/** A source of repeatable randomness. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number in [0, below). */
  int(below: number): number;
  /** A number in [min, max). */
  between(min: number, max: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of them. */
  pick<T>(items: readonly T[]): T;
  /** One of them, as often as its weight says. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T;
  /** A source of its own: what is drawn from it does not shift what is drawn here. */
  fork(): Random;
}

/** Creates a source of repeatable randomness (the generator is Mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (below: number) => Math.floor(next() * below);
  return {
    next,
    int,
    between: (min, max) => min + next() * (max - min),
    chance: (probability) => next() < probability,
    pick: (items) => items[int(items.length)],
    weighted(items) {
      let left = next() * items.reduce((sum, [weight]) => sum + weight, 0);
      return (items.find(([weight]) => (left -= weight) < 0) ?? items[items.length - 1])[1];
    },
    fork: () => createRandom(next() * 2 ** 32),
  };
}

// How many requests a token, or an address without one, may send.
import type { System } from "../../../mod.ts";

/** Tells whether one more may come. */
export interface RateLimit {
  /** 0 where this one may come, else after how many milliseconds one may. */
  take(key: string): number;
}

const MOST_KEYS = 10_000;

/** A bucket for each key: it fills by so many a second, and holds so many as come in two seconds. */
export function createRateLimit(
  requestsPerSecond: number,
  system: Pick<System, "monotonic">,
): RateLimit {
  const most = Math.max(1, requestsPerSecond * 2);
  const buckets = new Map<string, { left: number; at: number }>(); // in the order of their last use
  return {
    take(key) {
      const now = system.monotonic();
      const bucket = buckets.get(key) ?? { left: most, at: now };
      bucket.left = Math.min(most, bucket.left + (now - bucket.at) / 1000 * requestsPerSecond);
      bucket.at = now;
      buckets.delete(key);
      buckets.set(key, bucket);
      if (buckets.size > MOST_KEYS) buckets.delete(buckets.keys().next().value!);
      if (bucket.left < 1) return Math.ceil((1 - bucket.left) / requestsPerSecond * 1000);
      bucket.left--;
      return 0;
    },
  };
}

// The rates of requests: a token bucket for each sender, which holds the requests of two seconds.
import { keepNewest } from "../../../core/work/keep_newest.ts";
import type { System } from "../../../core/system.ts";

const MOST_SENDERS = 10_000;

export class RequestRates {
  readonly #system: Pick<System, "monotonic">;
  /** Ordered by their last use. */
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(system: Pick<System, "monotonic">) {
    this.#system = system;
  }

  /** Counts a request. Returns the milliseconds until it may come, 0 for now. */
  // deno-lint-ignore require-await -- a process may ask another one
  async waitMs(sender: string, requestsPerSecond: number): Promise<number> {
    const most = Math.max(1, requestsPerSecond * 2);
    const now = this.#system.monotonic();
    const bucket = this.#buckets.get(sender) ?? { left: most, at: now };
    bucket.left = Math.min(most, bucket.left + (now - bucket.at) / 1000 * requestsPerSecond);
    bucket.at = now;
    this.#buckets.delete(sender);
    this.#buckets.set(sender, bucket);
    keepNewest(this.#buckets, MOST_SENDERS);
    if (bucket.left < 1) return Math.ceil((1 - bucket.left) / requestsPerSecond * 1000);
    bucket.left--;
    return 0;
  }
}

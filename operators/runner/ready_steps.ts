// Steps that wait for room on a node.
import type { Shard } from "../../core/work/shards.ts";

export interface ReadyStep {
  id: string;
  shard?: Shard;
}

interface Entry {
  id: string;
  shards: number;
  /** The next shard to start. */
  next: number;
}

/** Ready steps: those with the longest remaining path first, otherwise in the order of arrival. */
export class ReadySteps {
  readonly #remaining: ReadonlyMap<string, number>;
  /** By length of the remaining path. */
  readonly #waiting = new Map<number, Entry[]>();
  #longest = 0;

  constructor(remaining: ReadonlyMap<string, number>) {
    this.#remaining = remaining;
  }

  add(id: string, shards: number): void {
    const length = this.#remaining.get(id)!;
    const waiting = this.#waiting.get(length);
    if (waiting === undefined) this.#waiting.set(length, [{ id, shards, next: 0 }]);
    else waiting.push({ id, shards, next: 0 });
    this.#longest = Math.max(this.#longest, length);
  }

  /** The next step to start. */
  get first(): string | undefined {
    while (this.#longest > 0 && !this.#waiting.get(this.#longest)?.length) this.#longest--;
    return this.#waiting.get(this.#longest)?.[0]?.id;
  }

  take(): ReadyStep | undefined {
    if (this.first === undefined) return undefined;
    const waiting = this.#waiting.get(this.#longest)!;
    const entry = waiting[0]!;
    const { id, shards: count } = entry;
    const index = entry.next++;
    if (entry.next === count) waiting.shift();
    return count === 1 ? { id } : { id, shard: { index, count } };
  }
}

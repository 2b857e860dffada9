// Sharding: processes that share work without communicating.
import { sha256 } from "../bytes/digest.ts";

/** The share of a process. */
export interface Shard {
  /** From 0. */
  index: number;
  /** At least 1. */
  count: number;
}

/** True if a key belongs to a shard. All processes agree, whatever the order of keys. */
export function isOfShard(key: string, { index, count }: Shard): boolean {
  return Number.parseInt(sha256(key).slice(0, 12), 16) % count === index;
}

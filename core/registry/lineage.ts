// What a version was made from, and what was made from it.
import type { SignalOptions } from "./saving.ts";

/** Options of {@linkcode lineageOf}. */
export interface LineageOptions extends SignalOptions {
  /** Which way to look: to what it was made from, to what was made from it, or both. @default "both" */
  direction?: "up" | "down" | "both";
  /** How many steps to go, at least 1. @default all */
  depth?: number;
  /** Hears of each record that was read to look down. */
  onProgress?: (records: number) => void;
}

/**
 * What is known of a place in a lineage:
 *
 * - `present`: the version is there, with the digest that was said.
 * - `missing`: there is no such version, or no longer.
 * - `changed`: the version holds something else now than what was used.
 * - `unpinned`: a bare name, a range or an alias was said: which version that was is not known.
 * - `unreadable`: its record is damaged.
 */
export type LineageState = "present" | "missing" | "changed" | "unpinned" | "unreadable";

/** A version in a lineage, or what was said instead of one. */
export interface LineageNode {
  /** `name@1.2.0`, without build metadata; of what is not pinned the ref as it was given. Unique in a lineage. */
  ref: string;
  /** What is known of it. Only what is `present` is followed. */
  state: LineageState;
  /** SHA-256 of its content; of what is not present, the one that was said, where one was. */
  digest?: string;
  createdAt?: Date;
  metadata?: Record<string, unknown>;
}

/** That one was made from another: refs of nodes. */
export interface LineageEdge {
  from: string;
  to: string;
}

/** What {@linkcode lineageOf} found. */
export interface Lineage {
  root: string;
  /** Each once, the root first, nearer ones before farther ones. */
  nodes: LineageNode[];
  edges: LineageEdge[];
  /**
   * Looking down: versions that name the root, or what was made from it, without saying which version of it. They may
   * have been made from it.
   */
  unsure: string[];
  /** Looking down: versions whose records could not be read. They may have been made from it. */
  unreadable: string[];
  /**
   * Looking down: whether every record of the registry had to be read, because not all is noted that says what is made
   * from what: {@linkcode rebuildLineage} notes it.
   */
  scanned: boolean;
  /** Whether there is more beyond `depth`. */
  cut: boolean;
}

// Lineage of versions.
import { type RequestRowOf, SIGNAL } from "./operations/row.ts";
import type { SignalOptions } from "./operations/saving.ts";

/** Options of {@linkcode readLineage}. */
export interface LineageOptions extends SignalOptions {
  /** `up` to its inputs, `down` to versions made from it. @default "both" */
  direction?: "up" | "down" | "both";
  /** Maximum number of steps, at least 1. @default unlimited */
  depth?: number;
}

export const LINEAGE: RequestRowOf<LineageOptions> = {
  action: "follow the lineage of",
  takes: ["ref"],
  options: {
    direction: {
      sent: "text",
      among: ["up", "down", "both"],
      doc: "`up` to its inputs, `down` to versions made from it. Default: `both`",
    },
    depth: { sent: "count", range: [1, 1_000_000], doc: "Maximum number of steps from `ref`" },
    ...SIGNAL,
  },
  effect: "reads",
  route: {
    at: "GET /lineage",
    id: "getLineage",
    tag: "lineage",
    summary: "Returns the lineage of a version: its inputs, and versions made from it",
    scope: "read",
  },
};

/** A version in a lineage, or a ref instead of one. */
export interface LineageNode {
  /** `name@1.2.0` without build metadata, or the unpinned ref. Unique in a lineage. */
  ref: string;
  /**
   * `present` nodes have the recorded digest, and only they are followed; `changed` ones have
   * another. The records of `unreadable` ones are damaged. `unpinned`: a name, range or alias.
   */
  state: "present" | "missing" | "changed" | "unpinned" | "unreadable";
  /** SHA-256 of its content; for absent versions, the recorded one if there is one. */
  digest?: string;
  createdAt?: Date;
  /** The id of its materializer, such as `json`. Absent unless `present`. */
  kind?: string;
  metadata?: Record<string, unknown>;
}

/** The result of {@linkcode readLineage}. */
export interface Lineage {
  root: string;
  /** Unique nodes, the root first, nearer ones before farther ones. */
  nodes: LineageNode[];
  /** Refs of nodes: `to` was made from `from`. */
  edges: { from: string; to: string }[];
  /** Downward: versions with an unpinned input of a name in the lineage. */
  unsure: string[];
  /** Downward: versions whose records are unreadable, so they may be part of the lineage. */
  unreadable: string[];
  /** True if there is more beyond `depth`. */
  cut: boolean;
}

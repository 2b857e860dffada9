// The flags that all batches have.
import type { OptionDefinition } from "../program/command.ts";
import { parseBytes, parseCount, parsePositive } from "../terminal/units.ts";
import type { ManifestFormat } from "./raw_row.ts";

export interface BatchFlags {
  format?: ManifestFormat;
  report?: string;
  /** Rows at once. */
  concurrency?: number;
  /** Begin no more after a failure. */
  stopOnError?: boolean;
  dryRun?: boolean;
  workers?: number;
  /** Most bytes of content in memory. */
  memory?: number;
  /** Which part of the rows: `2/8`, or `auto`. */
  shard?: string;
}

export const BATCH_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: "--format <format>",
    text: "how the manifest is written (default: by its name)",
    choices: ["jsonl", "csv"],
  },
  {
    flags: "--report <file>",
    text: "write a line of JSON for each row as it ends",
    completes: "file",
  },
  {
    flags: "--concurrency <count>",
    text: "rows at once (default: 16; in a bucket 32 that save, 48 that read)",
    parse: parsePositive,
  },
  { flags: "--stop-on-error", text: "begin no more rows after the first that failed" },
  { flags: "--dry-run", text: "look at every row, say what would be done, and do nothing" },
  {
    flags: "--workers <count>",
    text: "most threads beside the main one (default: by the processors)",
    parse: parseCount,
  },
  {
    flags: "--shard <i/n>",
    text:
      "only the rows of this part, 0/8 to 7/8; auto: as Slurm, Kubernetes (with HOLDFAST_SHARDS), AWS Batch, " +
      "Cloud Run, Google Batch or GitLab says (or HOLDFAST_SHARD)",
  },
  {
    flags: "--memory <size>",
    text: "most content in memory at once (default: 256MiB)",
    parse: parseMemory,
  },
];

function parseMemory(text: string): number {
  return Math.max(parseBytes(text), 1); // one entry at a time
}

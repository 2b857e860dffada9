/**
 * The options of what works on a whole registry, by name.
 *
 * @module
 */
import type { OptionNames } from "../../core/options/check_options.ts";
import type { LineageOptions } from "../../core/record/lineage.ts";
import type { GarbageOptions } from "../maintenance/collect_garbage.ts";
import type { PruneOptions } from "../maintenance/prune_report.ts";
import type { VerifyOptions } from "../maintenance/verify_report.ts";
import type { MirrorOptions } from "../mirror.ts";

const SIGNAL = { signal: true } as const;

/** Of {@linkcode collectGarbage}. */
export const GARBAGE_OPTIONS: OptionNames<GarbageOptions> = {
  dryRun: true,
  forget: true,
  now: true,
  onItem: true,
  onWaiting: true,
  ...SIGNAL,
};

/** Of {@linkcode prune}. */
export const PRUNE_OPTIONS: OptionNames<PruneOptions> = {
  keepLast: true,
  olderThanMs: true,
  keepAliased: true,
  names: true,
  dryRun: true,
  ...SIGNAL,
};

/** Of {@linkcode verifyRegistry}. */
export const VERIFY_OPTIONS: OptionNames<VerifyOptions> = { names: true, deep: true, onProgress: true, ...SIGNAL };

/** Of {@linkcode mirrorRegistry}. */
export const MIRROR_OPTIONS: OptionNames<MirrorOptions> = {
  names: true,
  prefix: true,
  rename: true,
  range: true,
  aliases: true,
  deleted: true,
  verify: true,
  concurrency: true,
  dryRun: true,
  onItem: true,
  onProgress: true,
  ...SIGNAL,
};

/** Of {@linkcode lineageOf}. */
export const LINEAGE_OPTIONS: OptionNames<LineageOptions> = {
  direction: true,
  depth: true,
  onProgress: true,
  ...SIGNAL,
};

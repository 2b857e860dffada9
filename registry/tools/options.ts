// Options of functions that delete or write a lot.
import type { OptionNames } from "../../core/options/check_options.ts";
import type { GarbageOptions } from "../maintenance/collection.ts";
import type { PruneOptions } from "../maintenance/prune_report.ts";
import type { MirrorOptions } from "../maintenance/mirror/mirror.ts";

export const GARBAGE: OptionNames<GarbageOptions> = {
  ...{ dryRun: true, forget: true, now: true, onItem: true, onWaiting: true, signal: true },
};

export const PRUNE: OptionNames<PruneOptions> = {
  ...{ keepLast: true, olderThanMs: true, keepAliased: true, onDeleted: true },
  ...{ names: true, dryRun: true, signal: true },
};

export const MIRROR: OptionNames<MirrorOptions> = {
  ...{ names: true, prefix: true, rename: true, range: true, aliases: true, deleted: true },
  ...{ verify: true, concurrency: true, dryRun: true },
  ...{ onItem: true, onProgress: true, signal: true },
};

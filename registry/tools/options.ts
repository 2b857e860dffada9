// The options of what works on a whole registry, by name.
import { checkGiven, checkOptions } from "../../core/options/check_options.ts";
import type { OptionNames } from "../../core/options/check_options.ts";
import {
  COMMIT_UPLOAD,
  CREATE_UPLOAD,
  DIRECT_DOWNLOAD,
  LINEAGE,
  SIGNAL,
} from "../../core/options/verb_options.ts";
import type { DiffOptions } from "../../core/record/difference.ts";
import type { LogOptions } from "../../core/record/log.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import type { RebuildOptions } from "../lineage/rebuild.ts";
import type { GarbageOptions } from "../maintenance/collect_garbage.ts";
import type { PruneOptions } from "../maintenance/prune_report.ts";
import type { VerifyOptions } from "../maintenance/verify_report.ts";
import type { MirrorOptions } from "../mirror.ts";
import type { SettingsChange } from "../opening/change_settings.ts";
import type { ProbeOptions } from "../probe.ts";

const REBUILD: OptionNames<RebuildOptions> = { onProgress: true, ...SIGNAL };

const DIFF: OptionNames<DiffOptions> = { before: true, after: true, ...SIGNAL };

const LOG: OptionNames<LogOptions> = { limit: true, ...SIGNAL };

const GARBAGE: OptionNames<GarbageOptions> = {
  dryRun: true,
  forget: true,
  now: true,
  onItem: true,
  onWaiting: true,
  ...SIGNAL,
};

const PRUNE: OptionNames<PruneOptions> = {
  keepLast: true,
  olderThanMs: true,
  keepAliased: true,
  onDeleted: true,
  names: true,
  dryRun: true,
  ...SIGNAL,
};

const VERIFY: OptionNames<VerifyOptions> = { names: true, deep: true, onProgress: true, ...SIGNAL };

const MIRROR: OptionNames<MirrorOptions> = {
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

const PROBE: OptionNames<ProbeOptions> = {
  rounds: true,
  racers: true,
  maxClockOffsetMs: true,
  onStep: true,
  system: true,
  ...SIGNAL,
};

const CHANGE: OptionNames<SettingsChange> = { graceMs: true, ...SIGNAL };

/** The options of each function, by its name. */
export const OPTIONS = {
  changeSettings: CHANGE,
  collectGarbage: GARBAGE,
  commitUpload: COMMIT_UPLOAD,
  createUpload: CREATE_UPLOAD,
  diffVersions: DIFF,
  hashFiles: SIGNAL,
  lineageOf: LINEAGE,
  logOf: LOG,
  mirrorRegistry: MIRROR,
  presignDownload: DIRECT_DOWNLOAD,
  probeBackend: PROBE,
  prune: PRUNE,
  readSettings: SIGNAL,
  rebuildLineage: REBUILD,
  spaceOf: SIGNAL,
  verifyRegistry: VERIFY,
} as const;

/** Checks what `digestOfValue` is given: of a registry it needs only what makes files. */
export function checkDigestOptions(
  registry: Pick<Registry, "materializers"> | null | undefined,
  options: SignalOptions,
): SignalOptions {
  const action = "tell the digest of a value";
  const is = typeof registry?.materializers?.forValue === "function";
  checkGiven(action, registry, {
    is,
    what: "registry",
    hint: "Write digestOfValue(registry, value).",
  });
  return checkOptions(action, options, SIGNAL);
}

// All schedules, and the choice by seed.
import { batches, copies, wholeNames } from "./copies.ts";
import { lockedRenames, powerCuts, stagedLinks } from "./disks.ts";
import { cachedRestores, caches, copiedDisks, restores } from "./restores.ts";
import { besideCommits, drafts, lateParts, leftDrafts, pieces } from "./parts/drafts.ts";
import { general } from "./general.ts";
import {
  busyCollector,
  changedGraces,
  savedAgain,
  slowCollector,
  tornUploads,
  twoCollectors,
} from "./collectors.ts";
import { interruptedSaves } from "./interrupted_saves.ts";
import {
  frozenUploads,
  lateRecord,
  longUpload,
  pausedWriter,
  repeatedLate,
  slowRenewals,
} from "./late_writers.ts";
import {
  contestedAliases,
  founders,
  hiddenRepeats,
  lostReplies,
  repeatedKeys,
} from "./lost_replies.ts";
import { deadNumbers, longMemory } from "./memory.ts";
import { mirrors, restoredMirrors, voidMirrors } from "./mirrors.ts";
import { pasts } from "./history/pasts.ts";
import { incompleteLists, permissions, staleLists, wrongLists } from "./odd_stores.ts";
import { retention, voidRetention, wrongClocks } from "./retention.ts";
import { quietMonths } from "./history/quiet_months.ts";
import { keptKeys, longRetry, racingKeys, slowCommits } from "./retries.ts";
import type { Schedule } from "./schedule.ts";
import { savedAliases } from "./saved_aliases.ts";
import { sharedRanges } from "./shared_ranges.ts";
import { undeletes } from "./undeletes.ts";

export const SCHEDULES: readonly Schedule[] = [
  general,
  hiddenRepeats,
  lostReplies,
  repeatedKeys,
  racingKeys,
  keptKeys,
  contestedAliases,
  savedAliases,
  founders,
  lateRecord,
  repeatedLate,
  pausedWriter,
  longUpload,
  slowRenewals,
  frozenUploads,
  longRetry,
  slowCommits,
  busyCollector,
  slowCollector,
  changedGraces,
  savedAgain,
  twoCollectors,
  deadNumbers,
  longMemory,
  tornUploads,
  quietMonths,
  copies,
  batches,
  wholeNames,
  undeletes,
  sharedRanges,
  interruptedSaves,
  retention,
  voidRetention,
  wrongClocks,
  mirrors,
  voidMirrors,
  restoredMirrors,
  pasts,
  caches,
  stagedLinks,
  lockedRenames,
  staleLists,
  wrongLists,
  incompleteLists,
  permissions,
  restores,
  cachedRestores,
  copiedDisks,
  powerCuts,
  drafts,
  besideCommits,
  leftDrafts,
  lateParts,
  pieces,
];

const ORDER = spread(SCHEDULES);

/** Returns the schedule of a seed, by weights. */
export function scheduleOf(seed: number): Schedule {
  return ORDER[seed % ORDER.length];
}

export function scheduleNamed(name: string): Schedule {
  const found = SCHEDULES.find((schedule) => schedule.name === name);
  if (found !== undefined) return found;
  throw new Error(
    `Cannot run schedule "${name}": there is ${
      SCHEDULES.map((schedule) => schedule.name).join(", ")
    }`,
  );
}

/** Repeats each schedule by its weight, spread evenly. */
function spread(schedules: readonly Schedule[]): Schedule[] {
  return schedules
    .flatMap((schedule, place) =>
      Array.from(
        { length: schedule.weight },
        (_, n) => ({ schedule, at: (n + (place + 0.5) / schedules.length) / schedule.weight }),
      )
    )
    .sort((a, b) => a.at - b.at)
    .map(({ schedule }) => schedule);
}

/**
 * All schedules, and which seed runs which.
 *
 * @module
 */
import { createRandom } from "../random.ts";
import { general } from "./general.ts";
import { busyJanitor, savedAgain, slowJanitor, tornUploads, twoJanitors } from "./janitors.ts";
import { lateRecord, longUpload, pausedWriter } from "./late_writers.ts";
import { contestedAliases, founders, hiddenRepeats, lostReplies, repeatedKeys } from "./lost_replies.ts";
import type { Schedule } from "./schedule.ts";

/** All schedules. */
export const SCHEDULES: readonly Schedule[] = [
  general,
  hiddenRepeats,
  lostReplies,
  repeatedKeys,
  contestedAliases,
  founders,
  lateRecord,
  pausedWriter,
  longUpload,
  busyJanitor,
  slowJanitor,
  savedAgain,
  twoJanitors,
  tornUploads,
];

/** The schedule that a seed runs. */
export function scheduleOf(seed: number): Schedule {
  return createRandom(seed * 7919).weighted(SCHEDULES.map((schedule) => [schedule.weight, schedule] as const));
}

/** A schedule by its name. */
export function scheduleNamed(name: string): Schedule {
  const found = SCHEDULES.find((schedule) => schedule.name === name);
  if (found !== undefined) return found;
  throw new Error(`Cannot run schedule "${name}": there is ${SCHEDULES.map((schedule) => schedule.name).join(", ")}`);
}

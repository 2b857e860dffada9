// Retention by day, week and month.
import type { PruneOptions } from "./report.ts";

const DAY_MS = 86_400_000;

/** The periods in UTC, by the option that counts them. Weeks begin on Monday. */
const PERIODS = {
  keepDaily: (ms: number) => Math.floor(ms / DAY_MS),
  keepWeekly: (ms: number) => Math.floor((ms / DAY_MS + 3) / 7), // 1970-01-01 was a Thursday
  keepMonthly: (ms: number) => new Date(ms).toISOString().slice(0, 7),
};

/** Names of the options that keep versions by period. */
export const PERIOD_OPTIONS = Object.keys(PERIODS) as (keyof typeof PERIODS)[];

/** Returns the newest item of each of the last periods that have one. */
export function newestOfPeriods<T extends { madeAt: number }>(
  items: readonly T[],
  options: Pick<PruneOptions, keyof typeof PERIODS>,
): T[] {
  const newestFirst = items.toSorted((a, b) => b.madeAt - a.madeAt);
  return PERIOD_OPTIONS.flatMap((option) => {
    const newest = new Map<unknown, T>();
    for (const item of newestFirst) {
      const period = PERIODS[option](item.madeAt);
      if (!newest.has(period)) newest.set(period, item);
    }
    return [...newest.values()].slice(0, options[option] ?? 0);
  });
}

// Times that recur, as cron writes them.
import { Cron } from "npm:croner@^11";

export interface CronTimes {
  /** The fields: five, minute hour day month weekday, or six, which begin with seconds. */
  cron: string;
  timeZone: string;
}

/**
 * Reads when a time recurs, and returns what tells the next one after a moment, both milliseconds since 1970; undefined
 * where there is none. Throws for what is no such time.
 */
export function createCronTimes(
  { cron, timeZone }: CronTimes,
): (afterMs: number) => number | undefined {
  const times = new Cron(cron, { timezone: timeZone });
  return (afterMs) => times.nextRun(new Date(afterMs))?.getTime();
}

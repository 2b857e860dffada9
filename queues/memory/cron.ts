// Recurring times in the syntax of cron.
import { Cron } from "npm:croner@^11";

export interface CronTimes {
  /** Five fields, minute hour day month weekday, or six, which start with seconds. */
  cron: string;
  timeZone: string;
}

/**
 * Returns a function from a time to the next one, milliseconds since 1970; undefined if there is
 * none. Throws for invalid syntax.
 */
export function createCronTimes(
  { cron, timeZone }: CronTimes,
): (afterMs: number) => number | undefined {
  const times = new Cron(cron, { timezone: timeZone });
  return (afterMs) => times.nextRun(new Date(afterMs))?.getTime();
}

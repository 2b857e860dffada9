// Times of schedules in the syntax of cron, for all queues.
import { Cron } from "npm:croner@^11";
import { messageOf } from "../../../core/kernel.ts";
import { CRON_HINT, notScheduled } from "./queue_checks.ts";

interface CronTimes {
  /** Five fields, minute hour day month weekday, or six, which start with seconds. */
  cron: string;
  timeZone: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * Returns the first time of a schedule after another one, milliseconds since 1970. A schedule that
 * names its hours runs once for each of them: after the gap if clocks skip it, and not again if
 * clocks repeat it. If it names all hours, as `*` or `0-23`, it follows the elapsed time.
 *
 * @throws {RegistryError} `Invalid` for invalid syntax, and if there is no such time
 */
export function nextCronTime(id: string, times: CronTimes, afterMs: number): number {
  let next: number | undefined;
  try {
    next = nextTime(times, afterMs);
  } catch (cause) {
    throw notScheduled(id, messageOf(cause), CRON_HINT, cause);
  }
  if (next === undefined) throw notScheduled(id, `${times.cron} never occurs`, CRON_HINT);
  return next;
}

function nextTime({ cron, timeZone }: CronTimes, afterMs: number): number | undefined {
  const times = new Cron(cron, { timezone: "UTC" }); // what a clock shows, as if it were UTC
  const timeAfter = (shown: number) => times.nextRun(new Date(shown))?.getTime();
  const clockAt = createClock(timeZone);
  if (isHourly(cron)) return elapsedTime(afterMs, timeAfter, clockAt);
  for (let shown = timeAfter(clockAt(afterMs)); shown !== undefined; shown = timeAfter(shown)) {
    const ms = firstAt(shown, clockAt);
    if (ms > afterMs) return ms;
  }
}

/** True if a schedule names all hours, in any of the ways to write them. */
function isHourly(cron: string): boolean {
  const hour = cron.trim().split(/\s+/).at(-4);
  if (hour === "*") return true;
  const hours = new Cron(`0 0 ${hour} * * *`, { timezone: "UTC" });
  return hours.nextRuns(24, new Date(-1)).at(-1)?.getTime() === 23 * HOUR_MS;
}

/** Returns the next time at which clocks show one of the times, also if they showed it before. */
function elapsedTime(
  afterMs: number,
  timeAfter: (shown: number) => number | undefined,
  clockAt: (ms: number) => number,
): number | undefined {
  let from = Math.floor(afterMs / 1000) * 1000, shownFrom = clockAt(from);
  for (;;) {
    const shown = timeAfter(shownFrom);
    if (shown === undefined) return undefined;
    const offset = clockAt(from) - from;
    const utc = shown - offset;
    const end = Math.min(utc, from + DAY_MS); // so that at most one change lies before it
    if (clockAt(end) - end === offset) {
      if (end === utc) return utc;
      from = end;
      shownFrom = clockAt(from);
    } else {
      let before = from;
      for (from = end; from - before > 1000;) {
        const middle = before + Math.floor((from - before) / 2000) * 1000;
        if (clockAt(middle) - middle === offset) before = middle;
        else from = middle;
      }
      shownFrom = clockAt(from) - 1;
    }
  }
}

/** Returns the function from a time to what clocks show then, both milliseconds since 1970. */
function createClock(timeZone: string): (ms: number) => number {
  const numeric = "numeric";
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: numeric,
    month: numeric,
    day: numeric,
    hour: numeric,
    minute: numeric,
    second: numeric,
  });
  return (ms) => {
    const parts = format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]);
    const { year, month, day, hour, minute, second } = Object.fromEntries(parts);
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
}

/** Returns the first time at which clocks show a value, or a later one if they skip it. */
function firstAt(shown: number, clockAt: (ms: number) => number): number {
  const offsets = [-DAY_MS, DAY_MS].map((ms) => clockAt(shown + ms) - shown - ms);
  const times = offsets.map((offset) => shown - offset);
  const match = times.find((ms) => clockAt(ms) === shown);
  if (match !== undefined) return match;
  let [after, before] = times as [number, number]; // the change, in whole seconds, is between them
  while (after - before > 1_000) {
    const middle = before + Math.floor((after - before) / 2_000) * 1_000;
    if (clockAt(middle) < shown) before = middle;
    else after = middle;
  }
  return after;
}

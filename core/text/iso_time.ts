// Dates and times of ISO 8601 in text, as exact instants.

/** Whole seconds since 1970, and the digits of the fraction without zeros at the end. */
export interface Instant {
  readonly seconds: number;
  readonly fraction: string;
}

const DATE = /(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)/;
const CLOCK = /(?<hour>\d\d):(?<minute>\d\d)(?::(?<second>\d\d)(?:[.,](?<fraction>\d+))?)?/;
const ZONE = /[Zz]|(?<sign>[+-])(?<hoursAway>\d\d)(?::?(?<minutesAway>\d\d))?/;
const TIME = new RegExp(`^${DATE.source}(?:[Tt ]${CLOCK.source}(?: ?(?:${ZONE.source}))?)?$`);

/**
 * Parses a date, or a date with a time: `2026-03-01`, `2026-03-01T14:05:00.25+01:00`. Without a
 * zone, it is in UTC. Returns undefined for other text, and `"invalid"` for a date or a time that
 * does not exist, such as `2027-02-30`.
 */
export function instantOf(text: string): Instant | "invalid" | undefined {
  const groups = TIME.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const number = (name: string) => Number(groups[name] ?? 0);
  const [hour, minute, second] = [number("hour"), number("minute"), number("second")];
  const [hoursAway, minutesAway] = [number("hoursAway"), number("minutesAway")];
  const isTime = Math.max(hour, hoursAway) < 24 && Math.max(minute, minutesAway, second) < 60;
  const [year, month, day] = [number("year"), number("month"), number("day")];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isDate = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDate || !isTime) return "invalid";
  const away = (groups.sign === "-" ? -1 : 1) * (hoursAway * 60 + minutesAway);
  return {
    seconds: date.getTime() / 1000 + (hour * 60 + minute - away) * 60 + second,
    fraction: (groups.fraction ?? "").replace(ZEROS_AT_END, ""),
  };
}

/** Matches only from the first zero of a run: otherwise a long run takes quadratic time. */
const ZEROS_AT_END = /(?<!0)0+$/;

export function compareInstants(a: Instant, b: Instant): number {
  return a.seconds - b.seconds || (a.fraction < b.fraction ? -1 : Number(a.fraction > b.fraction));
}

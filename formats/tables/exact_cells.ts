// Cells converted from stored values without loss.
export class InexactCell extends Error {}

/** The latest time of a `Date`, milliseconds. */
const MAX_DATE = 8.64e15;
const DAY = 86_400_000;

/** Converts a count of units since 1970, of which a millisecond has a power of ten. */
export function exactMoment(value: bigint, perMillisecond: bigint): Date {
  const fraction = value % perMillisecond;
  if (fraction === 0n) return exactDate(Number(value / perMillisecond));
  throw new InexactCell(
    `a time has a fraction of a millisecond (${fraction} of ${perMillisecond})`,
  );
}

/** Writes such a count as a time without a time zone. The order of the strings is that of time. */
export function localText(value: bigint, perMillisecond: bigint): string {
  const fraction = (value % perMillisecond + perMillisecond) % perMillisecond;
  const text = exactMoment(value - fraction, perMillisecond).toISOString().slice(0, -1);
  return `${text}${String(perMillisecond + fraction).slice(1)}`.replace(/\.?0+$/, "");
}

/** Writes such a count as a UTC time, with three digits of the second or with all that it needs. */
export function utcText(value: bigint, perMillisecond: bigint): string {
  return value % perMillisecond === 0n
    ? exactMoment(value, perMillisecond).toISOString()
    : `${localText(value, perMillisecond)}Z`;
}

/** Converts a count of days since 1970 to midnight UTC. */
export function exactDay(days: number): Date {
  return exactDate(days * DAY);
}

function exactDate(milliseconds: number): Date {
  if (Math.abs(milliseconds) <= MAX_DATE) return new Date(milliseconds);
  throw new InexactCell("a time is more than 100 million days from 1970");
}

/** Converts an unsigned 64-bit integer to an `int64`. */
export function exactUnsigned(value: bigint): bigint {
  if (value >= 0n && value < 2n ** 63n) return value;
  throw new InexactCell(`${BigInt.asUintN(64, value)} exceeds an int64`);
}

// Cells made of values that files hold, where nothing of them is lost.
export class InexactCell extends Error {}

/** The latest moment that `Date` has, milliseconds. */
const MAX_DATE = 8.64e15;
const DAY = 86_400_000;

/** How moments are counted: so many of a unit are a millisecond, or so many milliseconds one of it. */
export interface TimeUnit {
  /** Units of a millisecond. @default 1 */
  perMillisecond?: bigint;
  /** Milliseconds of a unit. @default 1 */
  milliseconds?: bigint;
}

/** The moment so many units after 1970. */
export function exactMoment(
  value: bigint,
  { perMillisecond = 1n, milliseconds = 1n }: TimeUnit = {},
): Date {
  const rest = value % perMillisecond;
  if (rest === 0n) return exactDate(Number(value / perMillisecond * milliseconds));
  throw new InexactCell(`it has a moment between two milliseconds (${rest} of ${perMillisecond})`);
}

/** The beginning of a day in UTC, so many days after 1970. */
export function exactDay(days: number): Date {
  return exactDate(days * DAY);
}

function exactDate(milliseconds: number): Date {
  if (Math.abs(milliseconds) <= MAX_DATE) return new Date(milliseconds);
  throw new InexactCell("it has a moment that is more than 100 million days from 1970");
}

/** A number of 64 bits without sign, as it is where an `int64` holds it. */
export function exactUnsigned(value: bigint): bigint {
  if (value >= 0n && value < 2n ** 63n) return value;
  throw new InexactCell(`${BigInt.asUintN(64, value)} is above all that an int64 holds`);
}

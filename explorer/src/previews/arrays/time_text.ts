// Elements of datetime64 and timedelta64 as NumPy writes them.
import type { DType } from "../../../../formats/arrays/ndarray.ts";

/** The value that stands for no time. */
export const NOT_A_TIME = -(2n ** 63n);

/** A unit of time: its nanoseconds, and the characters of a date and time in it. */
const UNITS: Readonly<Record<string, readonly [size: bigint, length: number] | undefined>> = {
  D: [86_400_000_000_000n, "2026-01-02".length],
  h: [3_600_000_000_000n, "2026-01-02T03".length],
  m: [60_000_000_000n, "2026-01-02T03:04".length],
  s: [1_000_000_000n, "2026-01-02T03:04:05".length],
  ms: [1_000_000n, "2026-01-02T03:04:05.678".length],
  us: [1000n, "2026-01-02T03:04:05.678901".length],
  ns: [1n, "2026-01-02T03:04:05.678901234".length],
};

const SECOND = 1_000_000_000n;
/** Seconds from 1970 to the years 0 and 10000, which have no other number of digits. */
const [FIRST, LAST] = [-62_167_219_200n, 253_402_300_800n];

/** Returns a date and time in UTC to its unit; a count of other units, and of a duration. */
export function timeText(value: bigint, dtype: DType): string {
  if (value === NOT_A_TIME) return "NaT";
  const [, unit = ""] = /^datetime64\[(\w+)\]$/.exec(dtype) ?? [];
  const [size, length] = UNITS[unit] ?? [];
  if (size === undefined) return String(value);
  const part = (value * size % SECOND + SECOND) % SECOND;
  const seconds = (value * size - part) / SECOND;
  if (seconds < FIRST || seconds >= LAST) return String(value);
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, -5);
  return `${text}.${String(SECOND + part).slice(1)}`.slice(0, length);
}

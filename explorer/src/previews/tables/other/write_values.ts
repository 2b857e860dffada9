// Values of tables as text, with all their digits.

/** Bytes of binary values that are shown. */
const MOST_BYTES = 32;
/** Decimals have at most 76 digits. A damaged scale may be any number. */
const MOST_SCALE = 76;
const DAY_MS = 86_400_000;
const MOST_DAYS = 8.64e15 / DAY_MS;

/** Writes a decimal: `-0.05` of -5 and a scale of 2. */
export function digitsOf(value: bigint, scale: number): string {
  if (Math.abs(scale) > MOST_SCALE) return `${value}e${-scale}`;
  if (scale <= 0) return String(value * 10n ** BigInt(-scale));
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  return `${value < 0n ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Writes bytes as hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, MOST_BYTES), byteText).join("");
  return bytes.length > MOST_BYTES ? `0x${shown}… (${bytes.length} bytes)` : `0x${shown}`;
}

export function byteText(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}

/** Writes a number of days since 1970 as a date. */
export function dayOf(day: number): string {
  if (!(Math.abs(day) <= MOST_DAYS)) return `day ${day}`;
  return new Date(day * DAY_MS).toISOString().slice(0, -14);
}

/** Writes a time of day with the digits of its unit, of which a millisecond has some: `12:34:56.789`. */
export function timeOf(value: bigint, perMillisecond: bigint): string {
  const perSecond = perMillisecond * 1000n;
  const [seconds, rest] = [value / perSecond, value % perSecond];
  const parts = [seconds / 3600n, seconds / 60n % 60n, seconds % 60n];
  const digits = String(rest).padStart(String(perSecond).length - 1, "0");
  return `${parts.map((part) => String(part).padStart(2, "0")).join(":")}.${digits}`;
}

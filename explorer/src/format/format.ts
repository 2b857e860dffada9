// Numbers and dates as people read them.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

export function formatBytes(bytes: number): string {
  let value = bytes, unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${withDigits(value, digits)} ${UNITS[unit]}`;
}

/** Larger numbers may have infinite differences. MLflow stores one in place of infinity. */
export const MAX_NUMBER = 1e300;

/** In the form of the browser's language, as dates. */
const counts = new Intl.NumberFormat();
const fractions = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 6 });

function withDigits(value: number, digits: number): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString(undefined, options);
}

export function formatCount(count: number, noun: string): string {
  const plural = /[^aeiou]y$/.test(noun) ? noun.replace(/y$/, "ies") : `${noun}s`;
  return `${counts.format(count)} ${count === 1 ? noun : plural}`;
}

export function formatNumber(value: number): string {
  return counts.format(value);
}

/** Characters of a long text that are shown of its beginning and its end, where texts differ. */
const FIRST = 16, LAST = 8;

/** Returns the beginning and the end of a long text. */
export function cutText(text: string): string {
  return text.length > FIRST + LAST + 1 ? `${text.slice(0, FIRST)}…${text.slice(-LAST)}` : text;
}

const brief = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 4 });

/** Formats an integer in all its digits, and other numbers in four, or to a whole number. */
export function briefText(value: number): string {
  const size = Math.abs(value);
  if (Number.isSafeInteger(value) || !Number.isFinite(value)) return numberText(value);
  if (size >= 1e-4 && size < 1e9) {
    return size < 1e4 ? brief.format(value) : formatNumber(Math.round(value));
  }
  return value.toExponential(3).replace(/\.?0+e/, "e");
}

/** Formats an integer in all its digits, and other numbers in at most six. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  if (Number.isSafeInteger(value)) return formatNumber(value);
  if (size >= 1e-4 && size < 1e9) return fractions.format(value);
  if (!Number.isFinite(value)) return String(value);
  return value.toExponential(5).replace(/\.?0+e/, "e");
}

const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Returns local time to the minute. */
export function formatTime(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : times.format(date);
}

const STEPS: readonly [seconds: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [31_557_600, "year"],
  [2_629_800, "month"],
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function formatAgo(iso: string, now: number = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1000;
  if (Number.isNaN(seconds)) return iso;
  const step = STEPS.find(([size]) => Math.abs(seconds) >= size);
  return step === undefined ? "just now" : relative.format(Math.round(seconds / step[0]), step[1]);
}

export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${withDigits(ms / 1000, 1)} s`;
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const rest = minutes % 60 === 0 ? "" : ` ${minutes % 60} min`;
  return `${Math.floor(minutes / 60)} h${rest}`;
}

// Sizes, durations and times, formatted and parsed.
import { itemAt } from "../../../core/faults/present.ts";
import { byteSize } from "../../../core/text/byte_size.ts";
import { instantOf } from "../../../core/text/iso_time.ts";
import type { RegistryError } from "../../../core/errors.ts";
import { invalid } from "./hints.ts";

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Returns the error of a value that cannot be parsed. */
export function unreadable(text: string, as: string, state: string, hint: string): RegistryError {
  return invalid(`parse ${JSON.stringify(text)} as ${as}`, state, hint);
}

/** Formats bytes: `512 B`, `1.5 KiB`, `340 MiB`. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1023.5 && unit < SIZES.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${SIZES[unit]}`;
}

/** Formats the new bytes of a save if not all are new: `, 3.1 KiB of it new`. */
export function formatAdded(
  { size, addedBytes = size }: { size: number; addedBytes?: number },
): string {
  return addedBytes < size ? `, ${formatBytes(addedBytes)} of it new` : "";
}

/** Formats a local time: `2026-03-01 14:05`. */
export function formatTime(time: Date): string {
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ` +
    `${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** Formats ordered local times; those of the same minute with their seconds. */
export function formatTimes(times: readonly Date[]): string[] {
  const minutes = times.map(formatTime);
  return times.map((time, i) => {
    const minute = itemAt(minutes, i);
    const isAlone = minute !== minutes[i - 1] && minute !== minutes[i + 1];
    return isAlone ? minute : `${minute}:${two(time.getSeconds())}`;
  });
}

/** Formats seconds as `7s`, `3m20s` or `2h05m`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${two(Math.floor(whole / 60) % 60)}m`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** Formats a grace period as `24 h` or `1h30m`. */
export function formatGrace(ms: number): string {
  return ms % DURATION_MS.h === 0 ? `${ms / DURATION_MS.h} h` : formatSeconds(ms / 1000);
}

/** Formats `1 file` or `2 files`. */
export function formatCount(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** Parses `512`, `64KiB`, `1.5 GiB` or `256M` (the same as `256MiB`) to bytes. */
export function parseBytes(text: string): number {
  const bytes = byteSize(text);
  if (bytes !== undefined) return bytes;
  throw unreadable(text, "a size", EXPECTED, "Examples: 64KiB, 256MiB, 1GiB.");
}

const EXPECTED = "expected a number and a unit";
/** A time so far from now still has a date. */
const MOST_DURATION_MS = 1000 * 365 * 86400e3;
const DURATION_MS = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 };

/** Parses `90s`, `15m`, `24h`, `30d` or `2w` to milliseconds. */
export function parseDuration(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text) ?? [];
  const hint = "Examples: 90s, 15m, 24h, 30d, 2w.";
  if (unit === undefined) throw unreadable(text, "a duration", EXPECTED, hint);
  const ms = Math.round(Number(count) * DURATION_MS[unit as keyof typeof DURATION_MS]);
  if (ms <= MOST_DURATION_MS) return ms;
  throw unreadable(text, "a duration", "it is longer than 1000 years", hint);
}

/** Parses the age from which data is deleted. Other tools of this kind read `6m` as six months. */
export function parseAge(text: string): number {
  const ms = parseDuration(text);
  if (!text.endsWith("m")) return ms;
  const hint = "Write months as days, such as 180d, and minutes as hours, such as 0.5h.";
  throw unreadable(text, "an age", "m may mean minutes or months", hint);
}

/** Parses a grace period, at least an hour: readers and slow writers rely on it. */
export function parseGrace(text: string): number {
  const ms = parseDuration(text);
  if (ms >= 3_600_000) return ms;
  const hint = "Readers and slow writers rely on it: use 1h or more, such as 24h or 7d.";
  throw invalid(`use --grace ${text}`, "it is less than an hour", hint);
}

/** Parses a whole number from 0. */
export function parseCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw unreadable(text, "a count", "expected a whole number", "Examples: 0, 10, 200.");
}

/** Parses a whole number from 1. */
export function parsePositive(text: string): number {
  const count = parseCount(text);
  if (count > 0) return count;
  throw unreadable(text, "a count", "expected at least 1", "Examples: 1, 10, 200.");
}

export type TypedMoment = { at: Date } | { agoMs: number };

/**
 * Parses `2026-03-01` (its start) and `2026-03-01T14:05` in local time, `2026-03-01T13:05:00Z`, or
 * `7d` for seven days ago.
 */
export function parseMoment(text: string): TypedMoment {
  if (/^\d+(\.\d+)?\s*[smhdw]$/.test(text)) return { agoMs: parseDuration(text) };
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/i
    .exec(text);
  const at = new Date(match === null ? NaN : `${match[1]}T${match[2] ?? "00:00"}${match[3] ?? ""}`);
  const isNone = instantOf(text) === "invalid";
  if (!Number.isNaN(at.getTime()) && !isNone) return { at };
  throw unreadable(
    text,
    "a time",
    isNone ? "there is no such date" : "expected a date, a time or an age",
    "Examples: 2026-03-01, 2026-03-01T14:05, 2026-03-01T13:05:00Z, 36h, 7d.",
  );
}

export function momentOf(moment: TypedMoment, nowMs: number): Date {
  return "at" in moment ? moment.at : new Date(nowMs - moment.agoMs);
}

/** Parses a port; 0 is any free one. */
export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  const hint = "Use one from 1024, or 0 for any free port.";
  throw unreadable(text, "a port", "expected a whole number up to 65535", hint);
}

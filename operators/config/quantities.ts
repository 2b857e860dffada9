// Sizes, cores and times in configurations: those of Kubernetes, and durations with one unit.
import { MAX_TIMER_MS } from "../check_times.ts";

/** Bytes of a suffix: `Ki` and the like are powers of 1024, `k` and the like of 1000. */
const SIZES: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

const TIMES: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 };

/** Parses `512Mi`, `4Gi`, `2G` or a number as bytes; undefined if invalid or not a safe integer. */
export function parseSize(value: string | number): number | undefined {
  const [, digits, suffix = ""] = /^(\d+(?:\.\d+)?)\s?([kKMGT]i?|)$/.exec(String(value)) ?? [];
  const bytes = Math.round(Number(digits) * (SIZES[suffix] ?? NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Parses `500m` (thousandths), `2` or `0.5` as cores. */
export function parseCores(value: string | number): number | undefined {
  const [, digits, suffix] = /^(\d+(?:\.\d+)?)(m?)$/.exec(String(value)) ?? [];
  if (digits === undefined) return undefined;
  const cores = suffix === "m" ? Number(digits) / 1000 : Number(digits);
  return cores <= 1_000_000 ? cores : undefined;
}

/** Parses `90s`, `1.5h` or a number of seconds as milliseconds, at most 24 days. */
export function parseTime(value: string | number): number | undefined {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s?(ms|[smhd]|)$/.exec(String(value)) ?? [];
  const ms = Math.round(Number(digits) * (TIMES[unit || "s"] ?? NaN));
  return ms <= MAX_TIMER_MS ? ms : undefined;
}

// Values that are as costly as a limit allows.
import { Buffer } from "node:buffer";

export const numbers = (count: number): number[] => [...Array(Math.ceil(count)).keys()];

export const wide = (count: number): Record<string, number> =>
  Object.fromEntries(numbers(count).map((i) => [`k${i}`, i]));

/** Metadata just below its limit of 64 KiB. */
export const metadata = (): Record<string, unknown> => ({
  a: numbers(2000),
  text: "x".repeat(50_000),
});

/** Different bytes for each number, as base64. */
export const base64 = (i: number, bytes: number): string =>
  Buffer.alloc(bytes, `${i} `).toString("base64");

/** Returns one of many paths that differ only at their end, 500 characters long. */
export const deepPath = (i: number): string => `${"a/".repeat(247)}${i}`;

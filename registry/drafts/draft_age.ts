// How long a draft may be left alone.
import type { Context } from "../opening/context.ts";

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/** How long nothing may be added to a draft before the janitor collects it, milliseconds. */
export function draftMemoryMs(graceMs: number): number {
  return Math.max(WEEK_MS, 7 * graceMs);
}

/**
 * Whether a draft to which something was added last at `newest` was left alone for so long that nobody may begin anything with it. That is two graces before the
 * janitor may collect it: what was begun before has landed by then, or is late and does not count.
 */
export function isStale(
  { settings: { graceMs } }: Context,
  { newest }: { newest?: number },
  now: number,
): boolean {
  return newest !== undefined && now - newest > draftMemoryMs(graceMs) - 2 * graceMs;
}

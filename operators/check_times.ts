// Times that timers can wait.
import { fault } from "../core/errors.ts";

/** The longest that a timer can wait, milliseconds: some 24 days. A longer one comes at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Refuses times that no timer can wait: what is no number, what is negative, and what is too long. `Infinity` is never.
 *
 * @param times by the name of the option; undefined where it was not given
 * @throws {RegistryError} `Invalid` naming the first of them
 */
export function checkTimes(
  action: string,
  times: Readonly<Record<string, number | undefined>>,
): void {
  for (const [name, ms] of Object.entries(times)) {
    if (ms === undefined || ms === Infinity || (ms >= 0 && ms <= MAX_TIMER_MS)) continue;
    throw fault({
      code: "Invalid",
      action,
      state: `${name} is ${ms}`,
      hint: `Give milliseconds from 0 to ${MAX_TIMER_MS} (24 days), or leave it out.`,
    });
  }
}

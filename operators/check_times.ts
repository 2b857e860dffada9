// Checks of times that timers can wait.
import { fault } from "../core/kernel.ts";

/** The longest delay of a timer, milliseconds: about 24 days. A longer one fires at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** Refuses NaN, negative times and those over {@linkcode MAX_TIMER_MS}. `Infinity` is never. */
export function checkTimes(
  action: string,
  times: Readonly<Record<string, number | undefined>>,
): void {
  for (const [name, ms] of Object.entries(times)) {
    if (ms === undefined || ms === Infinity || (ms >= 0 && ms <= MAX_TIMER_MS)) continue;
    const state = `${name} is ${ms}`;
    const hint = `Pass 0 to ${MAX_TIMER_MS} milliseconds (24 days), or omit ${name}.`;
    throw fault({ code: "Invalid", action, state, hint });
  }
}

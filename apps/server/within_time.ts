// Waiting with a limit.
import { unavailable } from "../../core/errors.ts";
import type { System } from "../../core/system.ts";

/** Returns a value, or undefined if it takes longer. A later failure of it is ignored. */
export async function withinMs<T>(
  ms: number,
  value: Promise<T>,
  system: Pick<System, "sleep">,
): Promise<T | undefined> {
  const ended = new AbortController();
  const late = system.sleep(ms, ended.signal).then(() => undefined, () => undefined);
  try {
    return await Promise.race([value, late]);
  } finally {
    ended.abort("settled"); // without a reason, an error is created: 6 µs
  }
}

/** Proxies and people give up on a request long before a client of Redis or PostgreSQL does. */
const ANSWER_WITHIN_MS = 5000;

/** Returns the answer of a queue. Throws `Unavailable` if a request cannot wait for it. */
export async function queueAnswer<T>(
  action: string,
  answer: T | Promise<T>,
  { system, hint = "Check that its server runs, and try again: its jobs are not lost.", change }: {
    system: Pick<System, "sleep">;
    hint?: string;
    /** True if the call may have changed something. */
    change?: boolean;
  },
): Promise<T> {
  const value = Promise.resolve(answer).then((value) => ({ value }));
  const result = await withinMs(ANSWER_WITHIN_MS, value, system);
  if (result !== undefined) return result.value;
  throw unavailable(action, "the queue", "it does not answer", {
    hint,
    ...change && { maybeWritten: true },
  });
}

// Waiting with a limit.
import type { System } from "../../mod.ts";

/** Returns a value, or undefined if it takes longer. It may fail later: nobody learns that. */
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
    ended.abort();
  }
}

// Waiting with a limit.
import type { System } from "../../mod.ts";

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
    ended.abort();
  }
}

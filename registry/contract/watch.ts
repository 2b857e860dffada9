// Polling of the latest version.
import { checkName } from "../../core/naming/names.ts";
import type { WatchEvent, WatchOptions } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";

/** Yields the latest version, and again when it changes. */
export async function* watchLatest(
  name: string,
  { intervalMs = 2_000, signal }: WatchOptions,
  { system, latest }: {
    system: Pick<System, "sleep">;
    latest(signal?: AbortSignal): Promise<{ version: string; commit: string } | undefined>;
  },
): AsyncGenerator<WatchEvent> {
  checkName(name);
  let last: string | undefined | null = null;
  while (!signal?.aborted) {
    const newest = await latest(signal).catch((error) => {
      if (!signal?.aborted) throw error;
    });
    if (signal?.aborted) return;
    if (newest?.commit !== last) {
      yield newest === undefined
        ? { name }
        : { name, version: newest.version, commit: newest.commit };
    }
    last = newest?.commit;
    await system.sleep(intervalMs, signal).catch(() => {}); // the loop checks the signal
  }
}

// Watching what the latest version of a name is.
import { checkName } from "../../core/naming/names.ts";
import type { WatchEvent, WatchOptions } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";

/** Says what the latest version of a name is, and again whenever a look finds another one. */
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
    const found = await latest(signal).catch((error) => {
      if (!signal?.aborted) throw error;
    });
    if (signal?.aborted) return;
    if (found?.commit !== last) {
      yield found === undefined ? { name } : { name, version: found.version, commit: found.commit };
    }
    last = found?.commit;
    await system.sleep(intervalMs, signal).catch(() => {}); // the signal: the loop looks at it
  }
}

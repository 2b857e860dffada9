// Watching what the latest version of a name is.
import { checkName } from "../core/naming/names.ts";
import { parseRef } from "../core/naming/refs.ts";
import type { WatchEvent, WatchOptions } from "../core/registry.ts";
import type { Context } from "./opening/context.ts";
import { tryLocate } from "./resolve.ts";

export async function* watchName(
  context: Context,
  name: string,
  options: WatchOptions = {},
): AsyncGenerator<WatchEvent> {
  checkName(name);
  const { intervalMs = 2_000, signal } = options;
  let last: string | undefined | null = null;
  while (!signal?.aborted) {
    const located = await tryLocate(context, parseRef(name), signal).catch((error) => {
      if (!signal?.aborted) throw error;
    });
    if (signal?.aborted) return;
    const commit = located?.record.commit;
    if (commit !== last) {
      yield located === undefined ? { name } : { name, version: located.record.version, commit };
    }
    last = commit;
    try {
      await context.system.sleep(intervalMs, signal);
    } catch {
      return; // the signal: the end that the caller asked for
    }
  }
}

// A store whose listings show writes of others late. FORMAT.md requires listings with every object
// written before, so only promises that rest on creates and reading back must hold.
import type { Backend, ListOptions, ObjectInfo, Prefix } from "../../../core/backend.ts";
import { isPrefix } from "../../../core/backend.ts";
import type { Random } from "../random.ts";
import type { History } from "../with_history.ts";
import { withoutExtras } from "./like.ts";
import type { Viewer } from "./site.ts";

export interface StaleListsOptions {
  history: History;
  random: Random;
  /** Rate of objects that a process sees late. @default 0.5 */
  rate?: number;
  /** @default 0 */
  minLagMs?: number;
  maxLagMs: number;
}

/** Creates the view of a process. Its own objects are listed at once. */
export function createStaleLists(
  options: StaleListsOptions,
): (recorded: Backend, viewer: Viewer) => Backend {
  const { history, random, rate = 0.5, minLagMs = 0, maxLagMs } = options;
  const written = new Map<string, { actor: string; at: number }>();
  history.listen(({ verb, key, actor, at, written: done }) => {
    if (verb === "put" && done) written.set(key, { actor, at });
  });

  return (recorded, { process, system }) => {
    const lags = new Map<string, number>();

    function isHidden(key: string): boolean {
      const last = written.get(key);
      if (last === undefined || last.actor === process.name) return false;
      if (!lags.has(key)) {
        lags.set(key, random.chance(rate) ? random.between(minLagMs, maxLagMs) : 0);
      }
      return system.now() < last.at + lags.get(key)!;
    }

    async function* list(
      prefix: string,
      { limit = Infinity, ...rest }: ListOptions = {},
    ): AsyncGenerator<ObjectInfo | Prefix> {
      let count = 0;
      for await (const entry of recorded.list(prefix, rest)) {
        if (!isPrefix(entry) && isHidden(entry.key)) continue;
        if (count++ === limit) return;
        yield entry;
      }
    }

    return { ...withoutExtras(recorded), list };
  };
}

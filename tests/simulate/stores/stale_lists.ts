// A store whose listings are late in showing what others wrote. FORMAT asks for listings that know
// every object written before they began, so this is more than a store may do: what must hold all
// the same is what rests on creates and on reading back, not what rests on looking.
import type { Backend, ListOptions, ObjectInfo, Prefix } from "../../../core/backend.ts";
import { isPrefix } from "../../../core/backend.ts";
import type { Random } from "../random.ts";
import type { History } from "../with_history.ts";
import { withoutExtras } from "./like.ts";
import type { Viewer } from "./site.ts";

export interface StaleListsOptions {
  history: History;
  random: Random;
  /** The longest that a listing lags, milliseconds. */
  maxLagMs: number;
}

/** Creates what processes see of a store with such listings. Own objects are there at once. */
export function createStaleLists(
  options: StaleListsOptions,
): (recorded: Backend, viewer: Viewer) => Backend {
  const { history, random, maxLagMs } = options;
  const written = new Map<string, { actor: string; at: number }>();
  history.listen(({ verb, key, actor, at, written: done }) => {
    if (verb === "put" && done) written.set(key, { actor, at });
  });

  return (recorded, { process, system }) => {
    const lags = new Map<string, number>();

    function isHidden(key: string): boolean {
      const last = written.get(key);
      if (last === undefined || last.actor === process.name) return false;
      if (!lags.has(key)) lags.set(key, random.chance(0.5) ? 0 : random.between(0, maxLagMs));
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

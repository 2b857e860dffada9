// Stores whose lists are wrong: during one collection of garbage, because a gateway loses a page or an
// index is rebuilt; or for days, because an index has lost an entry. What is read by its key is there.
import { type Backend, isPrefix } from "../../../core/backend.ts";
import { DRAFTS, isMark, LINEAGE, NAMES, SCRATCH } from "../../../registry/format/layout.ts";
import type { Random } from "../random.ts";
import type { Viewer } from "./site.ts";
import { withoutExtras } from "./like.ts";

const PLACES = [NAMES, NAMES, DRAFTS, DRAFTS, SCRATCH, LINEAGE];

/**
 * Creates the view of a process. During every other collection, all lists of a place are empty, or
 * one is, or one omits half of its entries.
 */
export function createWrongLists(random: Random): (recorded: Backend, viewer: Viewer) => Backend {
  let wasWrong = false; // what two collections in a row find may go
  return (recorded) => {
    let place: string | undefined;
    let mode: "all" | "one" | "half" = "all";
    let passes = 0;
    return {
      ...withoutExtras(recorded),
      put(key, body, options) {
        if (isMark(key)) { // a collection begins
          wasWrong = !wasWrong && random.chance(0.8);
          place = wasWrong ? random.pick(PLACES) : undefined;
          mode = random.pick(["all", "one", "half"]);
          passes = mode === "all" || place === DRAFTS ? 0 : random.int(3);
        }
        return recorded.put(key, body, options);
      },
      async *list(prefix, options) {
        const isWrong = place !== undefined && prefix.startsWith(place) && passes-- <= 0;
        const now = isWrong ? mode : undefined;
        if (isWrong && mode !== "all") place = undefined;
        if (now === "all" || now === "one") return;
        for await (const entry of recorded.list(prefix, options)) {
          if (now === undefined || random.chance(0.5)) yield entry;
        }
      },
    };
  };
}

/** Creates the view of a process: no list has these keys. */
export function createIncompleteLists(
  isOmitted: (key: string) => boolean,
): (recorded: Backend, viewer: Viewer) => Backend {
  return (recorded) => ({
    ...withoutExtras(recorded),
    async *list(prefix, { limit = Infinity, ...options } = {}) {
      let count = 0;
      for await (const entry of recorded.list(prefix, options)) {
        if (!isPrefix(entry) && isOmitted(entry.key)) continue;
        if (count++ === limit) return;
        yield entry;
      }
    },
  });
}

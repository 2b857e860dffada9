// Stores for replaying simulated schedules: a real one in virtual time, and one whose listings omit
// all that they may.
import { type Backend, isPrefix, type ObjectInfo, type Prefix } from "../../../core/backend.ts";
import type { System } from "../../../core/system.ts";
import { withoutExtras } from "./like.ts";
import { withShiftedTime } from "../with_shifted_time.ts";

/** Wraps a store with the times of a simulated system, one request at a time. */
export function withSimulatedTime(inner: Backend, world: System): Backend {
  const writtenAt = new Map<string, number>();
  const shifted = withShiftedTime(inner, {
    shiftMs: ({ key, modifiedAt }) => (writtenAt.get(key) ?? world.now()) - modifiedAt,
  });
  return {
    ...withoutExtras(shifted),
    kind: "memory", // of a store that is known, so that it is not probed: that has its own tests
    location: "memory:simulated", // where it really is must not get into a trace
    async put(key, body, options) {
      const before = writtenAt.get(key);
      writtenAt.set(key, world.now());
      const result = await shifted.put(key, body, options);
      if (!result.written && before !== undefined) writtenAt.set(key, before);
      return result;
    },
  };
}

/** Wraps a store so that listings of heads omit what they may. */
export function withLeftOut(inner: Backend): Backend {
  return {
    ...inner,
    async *list(prefix, options = {}): AsyncGenerator<ObjectInfo | Prefix> {
      const { firstPerFolder: heads = false, ...rest } = options;
      if (!heads || rest.delimiter !== undefined) return yield* inner.list(prefix, rest);
      let cell = "";
      for await (const entry of inner.list(prefix, rest)) {
        if (isPrefix(entry)) continue;
        const its = entry.key.slice(0, entry.key.lastIndexOf("/") + 1);
        if (its === cell) continue;
        cell = its;
        yield entry;
      }
    },
  };
}

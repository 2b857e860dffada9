// A real store in virtual time, to replay simulated schedules on.
import type { Backend } from "../../../core/backend.ts";
import type { System } from "../../../core/system.ts";
import { withoutExtras } from "./like.ts";
import { withShiftedTime } from "../with_shifted_time.ts";

/** Wraps a store, so that its times are those of a simulated system; one request at a time. */
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

// The grace changes while everything goes on, also for those who opened the registry long before.
import { createRandomFaults } from "../../random_faults.ts";
import { GRACE_MS } from "../../world.ts";
import type { Random } from "../../random.ts";
import type { StoreCall } from "../../with_faults.ts";
import type { CallPause } from "../../with_process.ts";
import {
  found,
  inOrder,
  isCommit,
  isUpload,
  largeValue,
  liveAs,
  longValue,
  OVERWRITE,
  sharingValue,
} from "../schedule.ts";
import type { Schedule } from "../schedule.ts";

const MINUTE_MS = 60_000;

/**
 * Two set longer and shorter graces, below that of creation too, with faults; handles stay open, of writers, readers
 * and janitors. Writers stand still in the midst of a save, by clocks that may stand still with them.
 */
export const changedGraces: Schedule = {
  name: "changed graces",
  weight: 3,
  settings: ({ random }) => ({
    versioned: random.chance(0.8),
    mutable: true,
    graceMs: random.pick([1, 1, 2, 4]) * GRACE_MS,
  }),
  async run(world) {
    const { random } = world;
    await found(world, largeValue("first"), OVERWRITE);
    const setters = Array.from({ length: 2 }, (_, i) => {
      const own = random.fork();
      const rates = { lostReply: 0.1, late: 0.1, hiddenRetry: 0.1, unavailable: 0.05 };
      const fault = own.chance(0.5)
        ? createRandomFaults({ random: own.fork(), rates, maxLateMs: 2 * GRACE_MS })
        : undefined;
      return liveAs(world, `setter ${i}`, { fault }, async (actor) => {
        for (let n = 0; n < 4; n++) {
          await actor.rest(own.between(0, 1.5) * GRACE_MS);
          await actor.changeGrace(own.pick([1, 1, 1.5, 2, 3, 4]) * GRACE_MS);
        }
      });
    });
    const writers = Array.from({ length: 2 }, (_, i) => {
      const own = random.fork();
      return liveAs(world, `writer ${i}`, {}, async (actor) => {
        for (let n = 0; n < 6; n++) {
          await actor.rest(own.between(0, 1.2) * GRACE_MS);
          const label = `writer ${i} value ${n}`;
          if (own.chance(0.5)) actor.plan.pause = sleep(own);
          const value = own.pick([
            largeValue(label),
            sharingValue("common", label),
            longValue(label, MINUTE_MS),
          ]);
          if (own.chance(0.2)) await actor.delete("a", "1.0.0");
          else await actor.save("a", value, OVERWRITE);
        }
      });
    });
    const reader = liveAs(world, "reader", {}, async (actor) => {
      for (let n = 0; n < 5; n++) {
        await actor.rest(random.between(0, 0.8) * GRACE_MS);
        await actor.open("a", "latest", random.between(0, 0.9) * GRACE_MS);
      }
    });
    const janitors = Array.from({ length: 2 }, (_, i) => {
      const own = random.fork();
      return liveAs(world, `janitor ${i}`, {}, async (actor) => {
        for (let n = 0; n < 12; n++) {
          await actor.rest(own.between(0, 0.8) * GRACE_MS);
          await actor.collect();
        }
      });
    });
    await Promise.all([...setters, ...writers, reader, ...janitors]);
  },
};

/** A machine that sleeps once, long enough for a collector; its clocks may sleep too. */
function sleep(random: Random): (call: StoreCall) => CallPause | undefined {
  const frozen = random.pick([{}, { wall: true }, { monotonic: true }, {
    wall: true,
    monotonic: true,
  }]);
  const ms = random.between(0.1, 3) * GRACE_MS;
  return inOrder(random.pick([isUpload, isCommit]), [{
    ms,
    at: random.pick(["send", "reply"] as const),
    ...frozen,
  }]);
}

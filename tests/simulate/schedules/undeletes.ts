// Deletions are undone beside collectors, other writers, faults and pauses, soon or when the grace
// period ends.
import { createRandomFaults, type FaultRates } from "../random.ts";
import { GRACE_MS } from "../world.ts";
import {
  collecting,
  inOrder,
  isCommit,
  isUpload,
  largeValue,
  liveAs,
  NETWORK,
  OVERWRITE,
  type Schedule,
  sharingValue,
  smallValue,
} from "./schedule.ts";
import type { StoreCall } from "../with_faults.ts";

const isList = ({ verb }: StoreCall) => verb === "list";
const isRemoval = ({ verb }: StoreCall) => verb === "delete" || verb === "deleteMany";

export const undeletes: Schedule = {
  name: "undeletes",
  weight: 12,
  settings: ({ random }) => ({
    versioned: true,
    mutable: random.chance(0.4),
    ...(random.chance(0.3) && { graceMs: 2 * GRACE_MS }),
  }),
  async run(world, { mutable }) {
    const { random } = world;
    const rates = random.pick<FaultRates>([{}, {}, NETWORK]);
    const value = (n: number) =>
      random.pick([
        smallValue(`value ${n}`),
        largeValue(`value ${n}`),
        sharingValue("common", `value ${n}`),
        sharingValue("common"),
      ]);
    const restMs = () => GRACE_MS * random.pick([0, random.between(0, 0.4), random.between(0, 2)]);
    const versions = ["1.0.0", "2.0.0"];
    await liveAs(world, "founder", {}, async (actor) => {
      for (const version of versions) await actor.save("a", value(0), { version });
    });
    const fault = () =>
      createRandomFaults({ random: random.fork(), rates, maxLateMs: 2 * GRACE_MS });
    const writers = [1, 2].map((id) =>
      liveAs(world, `writer ${id}`, { fault: fault(), retryForMs: 3_000 }, async (actor) => {
        for (let n = 1; n <= 4; n++) {
          const version = random.pick(versions);
          if (mutable && random.chance(0.3)) {
            await actor.save("a", value(n), { version, onConflict: "overwrite" });
          }
          await actor.delete("a", version, { force: true });
          await actor.rest(restMs());
          if (random.chance(0.2)) {
            actor.plan.pause = inOrder(random.pick([isUpload, isCommit]), [{
              ms: random.between(0.1, 2) * GRACE_MS,
              at: random.pick(["send", "reply"] as const),
              ...random.pick([{}, { wall: true }, { wall: true, monotonic: true }]),
            }]);
          }
          if (random.chance(0.05)) {
            const killAt = world.system.now() + random.between(0, 500);
            world.system.scheduler.at(killAt, () => actor.process.kill());
          }
          await actor.undelete("a", version);
          await actor.load("a", version);
          if (random.chance(0.3)) await actor.save("a", value(n));
          if (mutable && random.chance(0.3)) await actor.save("a", value(n), OVERWRITE);
          if (random.chance(0.3)) await actor.undelete("a", random.pick(versions));
        }
      })
    );
    const reader = liveAs(world, "reader", {}, async (actor) => {
      for (let n = 0; n < 8; n++) {
        await actor.rest(random.between(0, 0.7) * GRACE_MS);
        await actor.load("a", random.pick([...versions, "latest"]));
        await actor.open("a", random.pick(versions), random.between(0, 0.9) * GRACE_MS);
      }
    });
    const collectors = [1, 2].map((id) =>
      collecting(world, 8, [0, 0.9], {
        name: `collector ${id}`,
        ...(random.chance(0.5) && {
          pause: inOrder(random.pick([isList, isRemoval]), [
            ...Array(random.int(12)).fill(undefined),
            { ms: random.between(0.1, 1.5) * GRACE_MS, at: "reply" as const },
          ]),
        }),
      })
    );
    await Promise.all([...writers, reader, ...collectors]);
  },
};

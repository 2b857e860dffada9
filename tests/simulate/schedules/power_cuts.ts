// Power cuts: processes end at bad moments, others go on from what they read, and then the disk
// loses what was not synced.
import { createPowerCutDisk, POWER } from "../stores/power_cut.ts";
import type { PowerCutDisk } from "../stores/power_cut.ts";
import { GRACE_MS } from "../world.ts";
import type { World } from "../world.ts";
import { found, largeValue, liveAs, sharingValue, smallValue } from "./schedule.ts";
import type { Schedule } from "./schedule.ts";

const disks = new WeakMap<World, PowerCutDisk>();

/** A writer is killed; others repeat its save, skip for it, or let an alias name it; the power fails; all go on. */
export const powerCuts: Schedule = {
  name: "power cuts",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  prepare(world) {
    const disk = createPowerCutDisk({
      random: world.random.fork(),
      system: world.system,
      maxSyncMs: 600,
    });
    disks.set(world, disk);
    world.sites[0].view = disk.view;
  },
  async run(world) {
    const { random } = world;
    const [main] = world.sites;
    const value = () =>
      random.pick([smallValue("order"), largeValue("order"), sharingValue("common", "order")]);
    await found(world, sharingValue("common", "first"));
    for (let cut = 0; cut < 3; cut++) {
      const key = { idempotencyKey: `order ${cut}` };
      const version = `${cut + 2}.0.0`;
      const order = value();
      const victim = liveAs(world, `victim ${cut}`, {}, async (actor) => {
        world.system.scheduler.at(
          world.system.now() + random.between(50, 700),
          () => actor.process.kill(),
        );
        await actor.save("a", order, random.chance(0.5) ? key : { version });
      });
      const others = [1, 2].map((i) =>
        liveAs(world, `other ${i} of ${cut}`, {}, async (actor) => {
          await actor.rest(random.between(0, 500));
          for (let n = 0; n < 2; n++) {
            await random.weighted<() => Promise<unknown>>([
              [3, () => actor.save("a", order, key)],
              [2, () => actor.save("a", order, { version, onConflict: "skip" })],
              [2, () => actor.save("a", order, { skipIfUnchanged: true })],
              [2, () => actor.setAlias("a", "live", version)],
              [1, () => actor.load("a", "latest")],
              [1, () => actor.delete("a", version, { force: true })],
            ])();
            await actor.rest(random.between(0, 200));
          }
        })
      );
      const endsMs = random.between(200, 1_200);
      await Promise.race([Promise.all([victim, ...others]), world.system.sleep(endsMs)]);
      for (const { process } of world.actors) process.kill();
      await disks.get(world)!.cut(main.recorded(POWER));
      await world.system.sleep(random.weighted([[3, 1_000], [1, 1.2 * GRACE_MS]]));
    }
    await liveAs(world, "survivor", {}, async (actor) => {
      await actor.collect();
      await actor.load("a", "latest");
      await actor.save("a", smallValue("after"));
    });
  },
};

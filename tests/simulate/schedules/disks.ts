// Disks: creates of several steps, where a process may pause or end at each; collectors that fence
// writers by sweeping their stage; and power cuts that lose unsynced data.
import { createStagingDisk } from "../stores/staging_disk.ts";
import type { StoreCall } from "../with_faults.ts";
import type { CallPause } from "../with_process.ts";
import { GRACE_MS, type World } from "../world.ts";
import {
  collecting,
  found,
  inOrder,
  largeValue,
  liveAs,
  mostly,
  type Schedule,
  sharingValue,
  smallValue,
} from "./schedule.ts";
import { createPowerCutDisk, HASTY, POWER, type PowerCutDisk } from "../stores/power_cut.ts";

function diskSchedule(locking: "link" | "file"): Schedule {
  return {
    name: locking === "link" ? "staged links" : "locked renames",
    weight: 4,
    settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: random.chance(0.7) }),
    prepare({ sites: [main] }) {
      main.view = createStagingDisk(locking);
      main.disturbs = true; // who waits for a lock waits for others
    },
    async run(world, { versioned, mutable }) {
      const { random } = world;
      const over = mutable ? { onConflict: "overwrite" as const } : {};
      const overwrite = versioned && mutable && random.chance(0.5)
        ? { version: "1.0.0", ...over }
        : versioned
        ? {}
        : over;
      await found(world, sharingValue("common", "first"), over);
      const ms = random.weighted([[1, random.between(0, 10_000)], [
        4,
        random.between(0.2, 3) * GRACE_MS,
      ]]);
      const unseen = random.chance(0.6); // by any of its own clocks
      const frozen = unseen
        ? { wall: true, monotonic: true }
        : random.pick([{}, { wall: true }, { monotonic: true }]);
      const stop: CallPause = { ms, at: "send", ...frozen };
      const before = Array<undefined>(
        random.weighted([[2, 0], [1, random.int(locking === "file" ? 6 : 3)]]),
      ).fill(undefined);
      const places = random.chance(0.6) ? /^names\// : /^(names|objects)\//;
      const isPlacing = ({ verb, key }: StoreCall) => verb === "place" && places.test(key);
      const slow = liveAs(world, "slow writer", {}, async (actor) => {
        actor.plan.pause = inOrder<CallPause>(isPlacing, [...before, stop]);
        if (random.chance(0.2)) {
          world.system.scheduler.at(
            world.system.now() + random.between(0, 200),
            () => actor.process.kill(),
          );
        }
        await actor.save(
          "a",
          random.pick([
            largeValue("second"),
            sharingValue("common", "second"),
            smallValue("second"),
          ]),
          overwrite,
        );
        await actor.load("a", "latest");
      });
      const others = [1, 2].map((i) =>
        liveAs(world, `writer ${i}`, {}, async (actor) => {
          for (let n = 0; n < 3; n++) {
            await actor.rest(mostly(random, 3, 300, 0.6 * GRACE_MS));
            await actor.save(
              "a",
              smallValue(`writer ${i} ${n}`),
              random.chance(0.5) ? overwrite : over,
            );
            if (random.chance(0.2)) await actor.delete("a", "1.0.0");
          }
        })
      );
      const collector = collecting(world, 3, [0.6, 1.2]);
      await Promise.all([slow, ...others, collector]);
    },
  };
}

export const stagedLinks: Schedule = diskSchedule("link");
export const lockedRenames: Schedule = diskSchedule("file");

const isVersion = ({ verb, mode, key }: StoreCall) =>
  verb === "put" && mode === "create" && key.startsWith("names/a/versions/");

const disks = new WeakMap<World, PowerCutDisk>();

/**
 * A writer that may leave its save unsynced is killed, others use the save, some syncs fail, the power
 * does too, and all go on.
 */
export const powerCuts: Schedule = {
  name: "power cuts",
  weight: 8,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  prepare(world) {
    const disk = createPowerCutDisk({
      random: world.random.fork(),
      system: world.system,
      maxSyncMs: 600,
      failing: world.random.chance(0.5) ? 0.2 : 0,
    });
    disks.set(world, disk);
    world.sites[0].view = disk.view;
    world.sites[0].disturbs = disk.failing > 0;
  },
  async run(world) {
    const { random } = world;
    const [main] = world.sites;
    const value = () =>
      random.weighted([
        [1, smallValue("order")],
        [3, largeValue("order")],
        [1, sharingValue("common", "order")],
      ]);
    await found(world, sharingValue("common", "first"));
    for (let cut = 0; cut < 3; cut++) {
      const key = { idempotencyKey: `order ${cut}` };
      const version = `${cut + 2}.0.0`;
      const isHasty = random.chance(0.6);
      const order = isHasty ? largeValue("order") : value();
      const name = isHasty ? `${HASTY} victim ${cut}` : `victim ${cut}`;
      const victim = liveAs(world, name, {}, async (actor) => {
        // It is killed before it acknowledges what it left unsynced.
        if (isHasty) actor.plan.pause = inOrder(isVersion, [{ ms: GRACE_MS, at: "reply" }]);
        world.system.scheduler.at(
          world.system.now() + (isHasty ? random.between(500, 1_500) : random.between(50, 700)),
          () => actor.process.kill(),
        );
        await actor.save("a", order, random.chance(0.5) ? key : { version });
      });
      const others = [1, 2].map((i) =>
        liveAs(world, `other ${i} of ${cut}`, {}, async (actor) => {
          await actor.rest(isHasty ? random.between(400, 1_500) : random.between(0, 500));
          for (let n = 0; n < 2; n++) {
            await random.weighted<() => Promise<unknown>>([
              [3, () => actor.save("a", order, key)],
              [isHasty ? 12 : 3, () => actor.save("a", order)], // above it
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
      const endsMs = isHasty ? random.between(1_500, 4_000) : random.between(200, 2_500);
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

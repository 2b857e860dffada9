// Disks: creates of several steps, at each of which a process may stand still or end, and janitors
// that give up writers whose stage they swept.
import { createStagingDisk } from "../stores/staging_disk.ts";
import type { StoreCall } from "../with_faults.ts";
import type { CallPause } from "../with_process.ts";
import { GRACE_MS } from "../world.ts";
import {
  collecting,
  found,
  inOrder,
  largeValue,
  liveAs,
  mostly,
  sharingValue,
  smallValue,
} from "./schedule.ts";
import type { Schedule } from "./schedule.ts";

/** A process stands still, or is killed, between the stage and the key. */
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
      ).fill(
        undefined,
      );
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
      const janitor = collecting(world, 3, [0.6, 1.2]);
      await Promise.all([slow, ...others, janitor]);
    },
  };
}

/** Creates by hard links. */
export const stagedLinks: Schedule = diskSchedule("link");
/** Creates by renames under a lock. */
export const lockedRenames: Schedule = diskSchedule("file");

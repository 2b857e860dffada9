// Names that only grow for months: collectors skip them, and first look at files that are old.
import { createWrongLists } from "../../stores/wrong_lists.ts";
import { GRACE_MS } from "../../world.ts";
import { inOrder, isCommit, largeValue, liveAs, OVERWRITE, type Schedule } from "../schedule.ts";
import { sharingValue, smallValue } from "../schedule.ts";
import type { StoreCall } from "../../with_faults.ts";

const DAY_MS = 24 * 3_600_000;
const NAMES = ["a", "b"];
const isRemoval = ({ verb }: StoreCall) => verb === "delete" || verb === "deleteMany";

/**
 * Versions are added every few days, which share files, and now and then one is deleted, restored
 * or overwritten. Some saves are killed before their commit, and some collectors among removals.
 * In some stores, lists are wrong during every other collection.
 */
export const quietMonths: Schedule = {
  name: "quiet months",
  weight: 2,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  async run(world, { mutable }) {
    const { random, system, sites: [main] } = world;
    const until = system.now() + 70 * DAY_MS;
    const days = (min: number, max: number) => random.between(min, max) * DAY_MS;
    const value = (label: string) =>
      random.pick([
        smallValue(label),
        largeValue(label),
        sharingValue("common", label),
        sharingValue(`common of ${label[0]}`, label),
        sharingValue("common"),
      ]);
    await liveAs(world, "founder", {}, async (actor) => {
      for (const name of NAMES) await actor.save(name, value(`${name} first`));
    });
    const writers = NAMES.map((name) =>
      liveAs(world, `writer of ${name}`, {}, async (actor) => {
        for (let n = 0; system.now() < until; n++) {
          await actor.save(name, value(`${name} ${n}`));
          await actor.rest(random.pick([0, days(0, 1), days(1, 6), days(5, 20)]));
          const version = `${1 + random.int(n + 2)}.0.0`;
          if (random.chance(0.2)) {
            await actor.delete(name, version);
            await actor.rest(random.pick([0, 0.5 * GRACE_MS, days(0, 2)]));
            if (random.chance(0.4)) await actor.undelete(name, version);
          }
          if (mutable && random.chance(0.1)) {
            await actor.save(name, value(`${name} o${n}`), OVERWRITE);
          }
          await actor.load(name, random.pick([version, "latest"]));
        }
      })
    );
    const killed = liveAs(world, "killed writer", {}, async (actor) => {
      await actor.rest(days(0, 40));
      actor.plan.pause = inOrder(isCommit, [{ ms: DAY_MS, at: "send" }]);
      system.scheduler.at(system.now() + GRACE_MS / 2, () => actor.process.kill());
      await actor.save(random.pick(NAMES), value("killed"));
    });
    if (random.chance(0.3)) {
      main!.view = createWrongLists(random.fork());
      main!.hasCurrentNotes = true;
    }
    const nights = async () => {
      for (let night = 0; system.now() < until; night++) {
        await liveAs(world, `collector ${night}`, {}, async (actor) => {
          if (random.chance(0.2)) {
            const calls = Array<undefined>(random.int(6)).fill(undefined);
            const stop = { ms: DAY_MS, at: random.pick(["send", "reply"] as const) };
            actor.plan.pause = inOrder(isRemoval, [...calls, stop]);
            system.scheduler.at(system.now() + 600_000, () => actor.process.kill());
          }
          await actor.collect();
        });
        await system.sleep(random.pick([days(0, 0.1), DAY_MS, DAY_MS, days(1, 8)]));
      }
    };
    await Promise.all([...writers, killed, nights()]);
    main!.view = undefined;
  },
};

// Retention: `prune` beside saves, deletions, aliases and collections.
import type { PruneOptions } from "../../../extensions/maintenance/pruning/report.ts";
import { createRandomFaults, type Random } from "../random.ts";
import type { Fault } from "../with_faults.ts";
import { GRACE_MS } from "../world.ts";
import {
  collecting,
  inOrder,
  isCommit,
  largeValue,
  liveAs,
  mostly,
  OVERWRITE,
  type Schedule,
  sharingValue,
  smallValue,
} from "./schedule.ts";

function rulesFrom(random: Random): PruneOptions {
  const keepLast = { keepLast: random.int(4) };
  const olderThan = { olderThanMs: random.between(0, 2) * GRACE_MS };
  const keepAliased = random.chance(0.8);
  return { ...random.pick([keepLast, olderThan, { ...keepLast, ...olderThan }]), keepAliased };
}

export const retention: Schedule = {
  name: "retention",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  async run(world, { mutable }) {
    const { random } = world;
    const rates = random.pick([{}, {
      lostReply: 0.1,
      lostRequest: 0.1,
      late: 0.05,
      hiddenRetry: 0.05,
      unavailable: 0.1,
    }]);
    const faults = () => createRandomFaults({ random: random.fork(), rates, maxLateMs: GRACE_MS });
    const writer = liveAs(
      world,
      "writer",
      { fault: faults(), retryForMs: 3_000 },
      async (actor) => {
        for (let n = 0; n < 6; n++) {
          const over = mutable && random.chance(0.3)
            ? { version: "2.0.0", onConflict: "overwrite" as const }
            : {};
          await actor.save("a", random.pick([smallValue, largeValue])(`save ${n}`), over);
          if (random.chance(0.3)) {
            await actor.setAlias("a", "live", random.pick(["1.0.0", "2.0.0", "3.0.0"]));
          }
          if (random.chance(0.2)) {
            await actor.delete("a", random.pick(["1.0.0", "3.0.0"]), {
              force: random.chance(0.5),
            });
          }
          await actor.rest(mostly(random, 3, 1_000));
        }
      },
    );
    const pruners = [1, 2].map((i) =>
      liveAs(world, `pruner ${i}`, { fault: faults() }, async (actor) => {
        for (let n = 0; n < 3; n++) {
          await actor.rest(mostly(random, 2, 2_000));
          await actor.prune(rulesFrom(random));
          await actor.load("a", "latest");
        }
      })
    );
    const collector = collecting(world, 2, [0.5, 1.2]);
    await Promise.all([writer, ...pruners, collector]);
  },
};

/** The newest record has expired when prune runs. */
export const voidRetention: Schedule = {
  name: "void retention",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  async run(world) {
    const { random } = world;
    await liveAs(world, "founder", {}, async (actor) => {
      for (let n = 1 + random.int(3); n > 0; n--) await actor.save("a", smallValue(`first ${n}`));
    });
    const landsAfterMs = random.between(0.6, 2) * GRACE_MS;
    const late: Fault = { kind: "late", afterMs: landsAfterMs };
    const fault = inOrder<Fault>(isCommit, [late, { kind: "lostRequest" }], true);
    await liveAs(world, "late writer", { fault, retryForMs: 3_000 }, async (actor) => {
      await actor.save("a", largeValue("late"), random.chance(0.5) ? { version: "9.0.0" } : {});
    });
    await liveAs(world, "collector", {}, async (actor) => {
      for (let n = 0; n < 2; n++) {
        await actor.rest(random.between(0.9, 1.3) * GRACE_MS);
        await actor.collect();
      }
      if (random.chance(0.3)) await actor.save("a", sharingValue("common", "second"));
    });
    await liveAs(world, "pruner", {}, async (actor) => {
      await actor.prune({
        keepLast: 1 + random.int(2),
        ...(random.chance(0.3) && { olderThanMs: 0 }),
      });
      await actor.load("a", "latest");
      await actor.versions("a");
    });
  },
};

/** Prune and gc with clocks that are hours off: right, or refused. */
export const wrongClocks: Schedule = {
  name: "wrong clocks",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  async run(world, { mutable }) {
    const { random } = world;
    const skewMs = random.pick([-1, 1]) *
      random.weighted([[1, 600_000], [3, random.between(0.3, 40) * GRACE_MS]]);
    const writer = liveAs(world, "writer", {}, async (actor) => {
      for (let n = 0; n < 4; n++) {
        const over = mutable && random.chance(0.5) ? OVERWRITE : {};
        await actor.save(
          "a",
          random.pick([largeValue(`save ${n}`), sharingValue("common", `save ${n}`)]),
          over,
        );
        await actor.rest(random.between(0, 0.6) * GRACE_MS);
        await actor.load("a", "latest");
      }
    });
    const wrong = liveAs(world, "wrong", { skewMs }, async (actor) => {
      for (let n = 0; n < 3; n++) {
        await actor.rest(random.between(0, 0.7) * GRACE_MS);
        if (random.chance(0.3)) await actor.save("a", largeValue(`wrong ${n}`));
        await random.pick([
          () => actor.collect(),
          () => actor.prune({ olderThanMs: random.between(0.1, 3) * GRACE_MS }),
          () => actor.prune({ keepLast: 1, olderThanMs: random.between(0.1, 3) * GRACE_MS }),
        ])();
      }
    });
    await Promise.all([writer, wrong]);
  },
};

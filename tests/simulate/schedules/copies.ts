// Versions made of others, and many at the same time.
import { createRandomFaults } from "../random.ts";
import { GRACE_MS } from "../world.ts";
import {
  collecting,
  found,
  largeValue,
  liveAs,
  mostly,
  NETWORK,
  type Schedule,
  sharingValue,
  smallValue,
} from "./schedule.ts";
import { withVerbs } from "../stores/with_verbs.ts";

export const copies: Schedule = {
  name: "copies",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.6) }),
  prepare({ sites: [main], random }) {
    const own = random.fork();
    if (random.chance(0.5)) {
      main.view = (recorded) => withVerbs(recorded, { random: own, failures: 0.1 });
    }
  },
  async run(world, { mutable }) {
    const { random } = world;
    const rates = random.pick([{}, {
      ...NETWORK,
      unavailable: 0.05,
    }]);
    const faults = () => createRandomFaults({ random: random.fork(), rates });
    await found(world, largeValue("first"));
    const over = mutable ? { onConflict: "overwrite" as const } : {};
    const writer = liveAs(
      world,
      "writer",
      { fault: faults(), retryForMs: 3_000 },
      async (actor) => {
        for (let n = 0; n < 3; n++) {
          await actor.rest(mostly(random, 3, 300));
          const value = random.pick([smallValue, largeValue])(`save ${n}`);
          await actor.save("a", value, random.chance(0.5) ? { version: "1.0.0", ...over } : {});
          if (random.chance(0.3)) await actor.delete("a", "1.0.0");
          if (random.chance(0.3)) {
            await actor.setAlias("a", "live", random.pick(["1.0.0", "2.0.0"]));
          }
        }
      },
    );
    const copiers = [1, 2].map((i) =>
      liveAs(world, `copier ${i}`, { fault: faults(), retryForMs: 3_000 }, async (actor) => {
        for (let n = 0; n < 3; n++) {
          await actor.rest(mostly(random, 3, 300));
          const ref = random.pick(["1.0.0", "latest", "live"]);
          await actor.copy(
            { name: "a", ref },
            random.pick(["a", "b"]),
            random.chance(0.4) ? "5.0.0" : undefined,
          );
          await actor.load("b", "latest");
        }
      })
    );
    const collector = collecting(world, 2, [0.5, 1.2]);
    await Promise.all([writer, ...copiers, collector]);
  },
};

export const batches: Schedule = {
  name: "batches",
  weight: 3,
  settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: random.chance(0.5) }),
  async run(world, { versioned, mutable }) {
    const { random } = world;
    const rates = random.pick([{}, {
      ...NETWORK,
      unavailable: 0.1,
    }]);
    const savers = [1, 2].map((i) => {
      const fault = createRandomFaults({ random: random.fork(), rates });
      return liveAs(world, `saver ${i}`, { fault, retryForMs: 3_000 }, async (actor) => {
        for (let n = 0; n < 2; n++) {
          await actor.saveMany(Array.from({ length: 2 + random.int(4) }, (_, place) => {
            const label = `saver ${i} save ${n} place ${place}`;
            const version = versioned && random.chance(0.4)
              ? { version: random.pick(["1.0.0", "2.0.0"]) }
              : {};
            const onConflict = mutable && random.chance(0.5)
              ? { onConflict: "overwrite" as const }
              : {};
            const key = random.chance(0.2) ? { idempotencyKey: label } : {};
            const value = random.pick([smallValue(label), sharingValue("common", label)]);
            return {
              name: random.pick(["a", "b"]),
              value,
              options: { ...version, ...(version.version || !versioned ? onConflict : {}), ...key },
            };
          }));
          await actor.loadMany([{ name: "a", ref: "latest" }, {
            name: "b",
            ref: versioned ? "1.0.0" : "latest",
          }]);
        }
      });
    });
    await Promise.all(savers);
  },
};

/** Names are deleted while others save, alias and collect. */
export const wholeNames: Schedule = {
  name: "whole names",
  weight: 4,
  settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: random.chance(0.5) }),
  async run(world, { versioned }) {
    const { random } = world;
    const rates = random.pick([{}, {
      ...NETWORK,
    }]);
    const faults = () =>
      createRandomFaults({ random: random.fork(), rates, maxLateMs: 2 * GRACE_MS });
    const writers = [1, 2].map((i) =>
      liveAs(world, `writer ${i}`, { fault: faults(), retryForMs: 3_000 }, async (actor) => {
        for (let n = 0; n < 4; n++) {
          const key = random.chance(0.2) ? { idempotencyKey: `order ${i}` } : {};
          await actor.save("a", random.pick([smallValue, largeValue])(`writer ${i} ${n}`), key);
          if (versioned && random.chance(0.3)) {
            await actor.setAlias("a", "live", random.pick(["1.0.0", "2.0.0"]));
          }
          await actor.rest(mostly(random, 3, 500, 2 * GRACE_MS));
        }
      })
    );
    const deleter = liveAs(
      world,
      "deleter",
      { fault: faults(), retryForMs: 3_000 },
      async (actor) => {
        for (let n = 0; n < 3; n++) {
          await actor.rest(mostly(random, 3, 1_000, 2 * GRACE_MS));
          await actor.deleteAll("a", { force: random.chance(0.6) });
          await actor.versions("a");
        }
      },
    );
    const collector = collecting(world, 3, [0.7, 1.3]);
    await Promise.all([...writers, deleter, collector]);
  },
};

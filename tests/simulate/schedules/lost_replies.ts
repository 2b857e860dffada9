// Creates whose replies are lost, that are repeated on the way, or that arrive much later.
import { createRandomFaults, type FaultRates } from "../random.ts";
import { GRACE_MS, type World } from "../world.ts";
import { collecting, liveAs, type Schedule, sharingValue, smallValue } from "./schedule.ts";

/** Automatic saves over a network that repeats requests. */
export const hiddenRepeats: Schedule = {
  name: "hidden repeats",
  weight: 5,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  run: (world) => saveAtOnce(world, { hiddenRetry: 0.4 }),
};

/** Automatic saves over a network that loses replies and requests. */
export const lostReplies: Schedule = {
  name: "lost replies",
  weight: 6,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  run: (world) => saveAtOnce(world, { lostReply: 0.15, lostRequest: 0.15, late: 0.2 }),
};

async function saveAtOnce(world: World, rates: FaultRates): Promise<void> {
  const { random } = world;
  const processes = Array.from({ length: 2 + random.int(4) }, (_, i) => {
    const own = random.fork();
    const fault = createRandomFaults({
      random: own.fork(),
      rates,
      otherVerbs: 0.02,
      maxLateMs: own.pick([2_000, 2 * GRACE_MS]),
    });
    return liveAs(
      world,
      `writer ${i}`,
      { fault, retryForMs: own.pick([2_000, 120_000]) },
      async (actor) => {
        for (let n = 0; n < 3; n++) {
          const explicit = own.chance(0.3) ? { version: own.pick(["1.0.0", "4.0.0"]) } : {};
          await actor.save("a", smallValue(`writer ${i} save ${n}`), explicit);
          if (own.chance(0.3)) await actor.load("a", "latest");
          await actor.rest(own.between(0, 100));
        }
      },
    );
  });
  await Promise.all(processes);
}

/** Keyed saves, repeated by several processes until answered. */
export const repeatedKeys: Schedule = {
  name: "repeated keys",
  weight: 5,
  settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: true }),
  async run(world, settings) {
    const { random } = world;
    const rates = {
      lostReply: 0.15,
      lostRequest: 0.15,
      late: 0.15,
      hiddenRetry: 0.05,
      unavailable: 0.05,
    };
    const processes = Array.from({ length: 3 }, (_, i) => {
      const own = random.fork();
      const fault = createRandomFaults({ random: own.fork(), rates, otherVerbs: 0.05 });
      return liveAs(world, `writer ${i}`, { fault, retryForMs: 3_000 }, async (actor) => {
        for (let n = 0; n < 4; n++) {
          const key = own.pick(["order 1", "order 2"]);
          const explicit = settings.versioned && key === "order 2"
            ? { version: "7.0.0", onConflict: "overwrite" as const }
            : settings.versioned
            ? {}
            : { onConflict: "overwrite" as const };
          await actor.save("a", sharingValue(key, key), { ...explicit, idempotencyKey: key });
          if (own.chance(0.3)) {
            await actor.save(
              "a",
              smallValue(`writer ${i} save ${n}`),
              settings.versioned ? {} : explicit,
            );
          }
          await actor.rest(own.weighted([[5, own.between(0, 2_000)], [1, GRACE_MS * 1.1]]));
        }
      });
    });
    const collector = collecting(world, 3, [0.5, 1.2]);
    await Promise.all([...processes, collector]);
  },
};

/** Aliases that several processes move with `expected`, over a bad network. */
export const contestedAliases: Schedule = {
  name: "contested aliases",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  async run(world) {
    const { random } = world;
    const rates = { lostReply: 0.15, lostRequest: 0.1, late: 0.1, hiddenRetry: 0.1 };
    await liveAs(world, "founder", {}, async (actor) => {
      for (const version of ["1.0.0", "2.0.0"]) {
        await actor.save("a", smallValue(version), { version });
      }
    });
    const processes = Array.from({ length: 3 }, (_, i) => {
      const own = random.fork();
      const fault = createRandomFaults({ random: own.fork(), rates, otherVerbs: 0.05 });
      return liveAs(world, `writer ${i}`, { fault, retryForMs: 3_000 }, async (actor) => {
        for (let n = 0; n < 3; n++) {
          const expected = own.pick([undefined, null, "1.0.0", "2.0.0"]);
          await actor.setAlias("a", "live", own.pick(["1.0.0", "2.0.0"]), expected);
          if (own.chance(0.2)) await actor.deleteAlias("a", "live");
          if (own.chance(0.2)) await actor.delete("a", "1.0.0", { force: own.chance(0.5) });
          await actor.load("a", "live");
          await actor.rest(own.weighted([[5, own.between(0, 100)], [1, GRACE_MS * 1.1]]));
          if (own.chance(0.2)) await actor.collect();
        }
      });
    });
    await Promise.all(processes);
  },
};

/** Several processes create the same registry at the same time, over a bad network. */
export const founders: Schedule = {
  name: "founders",
  weight: 3,
  founded: false,
  settings: ({ random }) => ({ versioned: random.chance(0.5), mutable: random.chance(0.5) }),
  async run(world, settings) {
    const { random } = world;
    const rates = { lostReply: 0.2, lostRequest: 0.2, late: 0.2, hiddenRetry: 0.2 };
    const processes = Array.from({ length: 4 }, (_, i) => {
      const own = random.fork();
      const fault = createRandomFaults({ random: own.fork(), rates, otherVerbs: 0.05 });
      return liveAs(
        world,
        `founder ${i}`,
        { ...settings, fault, retryForMs: 3_000 },
        async (actor) => {
          await actor.save("a", smallValue(`founder ${i}`));
          await actor.load("a", "latest");
        },
      );
    });
    await Promise.all(processes);
    await world.actor("last founder", settings);
  },
};

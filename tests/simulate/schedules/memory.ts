// Data with long memory: deleted numbers, idempotency keys, histories of aliases; and forgetting.
import { createRandomFaults } from "../random.ts";
import type { CallPause } from "../with_process.ts";
import { GRACE_MS, type World } from "../world.ts";
import { inOrder, largeValue, liveAs, sharingValue, smallValue } from "./schedule.ts";
import type { Schedule } from "./schedule.ts";

const DAY_MS = 24 * 3_600_000;

/** Versions are deleted, and collectors shrink them, sometimes pausing. */
export const deadNumbers: Schedule = {
  name: "dead numbers",
  weight: 4,
  settings: ({ random }) => ({ versioned: random.chance(0.9), mutable: random.chance(0.3) }),
  async run(world, { versioned }) {
    const { random } = world;
    const dead = versioned ? random.pick(["1.0.0", "2.0.0"]) : "1.0.0";
    await liveAs(world, "founder", {}, async (actor) => {
      for (let n = 0; n < (versioned ? 2 : 1); n++) {
        await actor.save("a", random.pick([smallValue, largeValue])(`first ${n}`));
      }
      await actor.delete("a", dead);
    });
    const collectors = Array.from({ length: 3 }, (_, i) => {
      const frozen = random.chance(0.5) ? { wall: true, monotonic: true } : {};
      const stop: CallPause = {
        ms: random.between(0.5, 2.5) * GRACE_MS,
        at: random.pick(["send", "reply"]),
        ...frozen,
      };
      return liveAs(world, `collector ${i}`, {}, async (actor) => {
        for (let n = 0; n < 4; n++) {
          await actor.rest(random.between(0.4, 1.3) * GRACE_MS);
          const calls = Array<undefined>(random.int(12)).fill(undefined);
          if (random.chance(0.4)) {
            actor.plan.pause = inOrder<CallPause>(() => true, [...calls, stop]);
          }
          await actor.collect();
          delete actor.plan.pause;
        }
      });
    });
    const writers = [1, 2].map((i) =>
      liveAs(world, `writer ${i}`, {}, async (actor) => {
        for (let n = 0; n < 4; n++) {
          await actor.rest(random.between(0, 1.5) * GRACE_MS);
          await actor.save(
            "a",
            smallValue(`writer ${i} ${n}`),
            versioned && random.chance(0.7) ? { version: dead } : {},
          );
          await actor.load("a", dead === "1.0.0" && !versioned ? "latest" : dead);
          if (random.chance(0.3)) await actor.delete("a", dead);
        }
      })
    );
    await Promise.all([...collectors, ...writers]);
  },
};

/** Keys are repeated and names reused, before and after they may be forgotten. */
export const longMemory: Schedule = {
  name: "long memory",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.3) }),
  async run(world) {
    const { random } = world;
    const rates = random.pick([{}, {
      lostReply: 0.05,
      lostRequest: 0.05,
      hiddenRetry: 0.05,
      unavailable: 0.1,
    }]);
    const key = { idempotencyKey: "order" };
    const use = (name: string) =>
      liveAs(world, name, {}, async (actor) => {
        for (const artifact of ["a", "b"]) {
          await actor.save(
            artifact,
            random.chance(0.5) ? sharingValue("order", "order") : smallValue("order"),
            key,
          );
          await actor.save(artifact, smallValue(`${name} of ${artifact}`));
          await actor.setAlias(artifact, "live", random.pick(["1.0.0", "2.0.0"]));
          if (random.chance(0.3)) await actor.deleteAlias(artifact, "live");
          if (random.chance(0.3)) await actor.delete(artifact, "1.0.0", { force: true });
          await actor.load(artifact, "latest");
        }
        if (random.chance(0.7)) await actor.deleteAll("b", { force: true });
        if (name === "user 0") await actor.save("kept", smallValue("kept"));
      });
    for (let n = 0; n < 3; n++) {
      await use(`user ${n}`);
      // of a name that is forgotten nothing is left to collect
      for (let times = 0; times < 2; times++) {
        await world.system.sleep(1.1 * GRACE_MS);
        await liveAs(world, `collector ${times} of ${n}`, {}, (actor) => actor.collect());
      }
      await world.system.sleep(random.pick([20 * DAY_MS, 31 * DAY_MS]));
      await collect(
        world,
        `collectors ${n}`,
        createRandomFaults({ random: random.fork(), rates, maxLateMs: GRACE_MS / 8 }),
      );
      // what was sent twice has arrived
      await world.system.sleep(random.between(0.2, 2) * GRACE_MS);
    }
    await use("last user");
  },
};

/** A collector that forgets, and may be killed, beside one that does not. */
async function collect(
  world: World,
  name: string,
  fault: ReturnType<typeof createRandomFaults>,
): Promise<void> {
  const { random } = world;
  const plain = liveAs(world, `${name}, plain`, {}, (actor) => actor.collect());
  for (let lives = 1 + random.int(2); lives > 0; lives--) {
    await liveAs(world, `${name}, forgetting`, { fault }, async (actor) => {
      if (random.chance(0.4)) {
        world.system.scheduler.at(
          world.system.now() + random.between(0, 1_000),
          () => actor.process.kill(),
        );
      }
      await actor.collect({ forget: true });
    });
  }
  await plain;
}

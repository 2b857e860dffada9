// Operations that are retried late or often.
import type { Actor } from "../actor.ts";
import type { Fault, StoreCall } from "../with_faults.ts";
import type { CallPause } from "../with_process.ts";
import { GRACE_MS } from "../world.ts";
import {
  collecting,
  found,
  inOrder,
  isCommit,
  largeValue,
  liveAs,
  OVERWRITE,
  type Schedule,
  sharingValue,
  smallValue,
  wrongBy,
} from "./schedule.ts";

/**
 * The first create is refused, perhaps after one that is lost and lands later; then the process pauses,
 * and one clock stops.
 */
export const longRetry: Schedule = {
  name: "long retry",
  weight: 4,
  settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: true }),
  async run(world, { versioned }) {
    const { random } = world;
    await found(world, sharingValue("common", "first"), OVERWRITE);
    const refused: Fault = { kind: random.pick(["unavailable", "lostRequest", "torn"]) };
    const stop: CallPause = {
      ms: random.between(0.26, 2.5) * GRACE_MS,
      at: "reply",
      ...random.pick([{ monotonic: true }, { monotonic: true }, { wall: true }, {}]),
    };
    const place = ({ verb, key, ...call }: StoreCall) =>
      isCommit({ verb, key, ...call }) && key.startsWith("names/a/");
    const nth = Array<undefined>(random.int(2)).fill(undefined);
    const late: Fault = { kind: "late", afterMs: random.between(1_000, 0.25 * GRACE_MS) };
    const lost = random.chance(0.4) ? [late] : [];
    const fault = inOrder<Fault>(place, [...nth, ...lost, refused]),
      pause = inOrder<CallPause>(place, [...nth, ...lost.map(() => undefined), stop]);
    const writer = liveAs(world, "paused writer", { fault, pause }, async (actor) => {
      const value = random.pick([
        largeValue("second"),
        sharingValue("common", "second"),
        smallValue("second"),
      ]);
      const key = random.chance(0.3) ? { idempotencyKey: "order" } : {};
      await random.weighted<() => Promise<unknown>>([
        [
          4,
          () =>
            actor.save("a", value, {
              ...(random.chance(0.5) && OVERWRITE),
              ...(versioned ? {} : OVERWRITE),
              ...key,
            }),
        ],
        [1, () => actor.delete("a", "1.0.0")],
        [1, () => actor.setAlias("a", "live", "1.0.0")],
      ])();
      await actor.load("a", "latest");
    });
    const other = liveAs(world, "other writer", {}, async (actor) => {
      await actor.rest(random.between(1_000, stop.ms));
      for (let n = random.int(3); n > 0; n--) {
        await actor.save("a", smallValue(`third ${n}`), OVERWRITE);
      }
    });
    const collector = collecting(world, 3, [0.6, 1.1]);
    await Promise.all([writer, other, collector]);
  },
};

/** A record whose payload is collected before it lands, with a successful reply. */
export const slowCommits: Schedule = {
  name: "slow commits",
  weight: 3,
  settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: true }),
  async run(world) {
    const { random } = world;
    await found(world, sharingValue("common", "first"), OVERWRITE);
    const ms = random.between(1.02, 2) * GRACE_MS;
    const slow: Fault = random.chance(0.8)
      ? { kind: "slow", beforeMs: ms }
      : { kind: "hiddenRetry", afterMs: ms };
    const writer = liveAs(
      world,
      "slow writer",
      { fault: inOrder<Fault>(isCommit, [slow]), skewMs: wrongBy(random) },
      async (actor) => {
        await actor.save(
          "a",
          random.pick([largeValue("second"), sharingValue("common", "second")]),
          random.pick([OVERWRITE, {}]),
        );
        await actor.load("a", "latest");
      },
    );
    const others = liveAs(world, "collector", {}, async (actor) => {
      if (random.chance(0.5)) await actor.save("a", smallValue("third"), OVERWRITE);
      await actor.rest(1.005 * GRACE_MS);
      await actor.collect();
      await actor.rest(ms);
      await actor.collect();
    });
    await Promise.all([writer, others]);
  },
};

/** Processes repeat one keyed save at the same moment. */
export const racingKeys: Schedule = {
  name: "racing keys",
  weight: 5,
  settings: ({ random }) => ({ versioned: random.chance(0.9), mutable: random.chance(0.5) }),
  async run(world, { versioned, mutable }) {
    const { random } = world;
    const over = !versioned && mutable ? { onConflict: "overwrite" as const } : {};
    const explicit = versioned && random.chance(0.3) ? { version: "7.0.0" } : over;
    const slow = (rate: number) => {
      const own = random.fork();
      return (): Fault | undefined =>
        own.chance(rate)
          ? { kind: "slow", beforeMs: own.between(0, 400), afterMs: own.between(0, 400) }
          : undefined;
    };
    const racers = Array.from({ length: 3 }, (_, i) => {
      const own = random.fork();
      return liveAs(world, `racer ${i}`, { fault: slow(0.6) }, async (actor) => {
        if (own.chance(0.3)) {
          world.system.scheduler.at(
            world.system.now() + own.between(0, 600),
            () => actor.process.kill(),
          );
        }
        for (let n = 0; n < 2; n++) {
          await actor.save("a", sharingValue("order", "order"), {
            ...explicit,
            idempotencyKey: "order",
          });
          await actor.rest(own.between(0, 300));
        }
      });
    });
    const others = Array.from(
      { length: random.pick([0, 1, 2, 2]) },
      (_, i) =>
        liveAs(world, `other ${i}`, { fault: slow(0.3) }, async (actor) => {
          for (let n = 0; n < 3; n++) {
            await actor.save("a", smallValue(`other ${i} ${n}`), over);
            await actor.rest(random.between(0, 100));
          }
        }),
    );
    await Promise.all([...racers, ...others]);
  },
};

/** A key with several generations is collected, then its save repeated. */
export const keptKeys: Schedule = {
  name: "kept keys",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  async run(world) {
    const { random } = world;
    const key = { idempotencyKey: "order" };
    const order = (actor: Actor) => actor.save("a", sharingValue("order", "order"), key);
    const isVersion = ({ key, ...call }: StoreCall) =>
      isCommit({ key, ...call }) && key.startsWith("names/a/versions/");
    const slow: Fault = { kind: "slow", beforeMs: 2_000 };
    const lost: Fault = { kind: random.pick(["lostReply", "late", "slow"]), afterMs: 500 };
    const keyed = liveAs(
      world,
      "keyed writer",
      { fault: inOrder<Fault>(isVersion, [slow, slow, lost]) },
      async (actor) => {
        await order(actor);
      },
    );
    const other = liveAs(world, "other writer", {}, async (actor) => {
      for (let n = 0; n < 4; n++) {
        await actor.rest(random.between(500, 1_500));
        await actor.save("a", smallValue(`other ${n}`));
      }
    });
    await Promise.all([keyed, other]);
    await collecting(world, 2, [1.01, 1.3]);
    await Promise.all(
      [1, 2].map((i) =>
        liveAs(world, `repeater ${i}`, {}, async (actor) => void await order(actor))
      ),
    );
  },
};

// Collectors at bad moments, slow collectors, and changing grace periods.
import type { Fault, StoreCall } from "../with_faults.ts";
import type { CallPause } from "../with_process.ts";
import { GRACE_MS } from "../world.ts";
import {
  collecting,
  found,
  inOrder,
  isCommit,
  isUpload,
  largeValue,
  liveAs,
  longValue,
  OVERWRITE,
  type Schedule,
  sharingValue,
  smallValue,
} from "./schedule.ts";
import { createRandomFaults, type Random } from "../random.ts";

/** Collectors run beside writers and readers. */
export const busyCollector: Schedule = {
  name: "busy collector",
  weight: 6,
  settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: true }),
  async run(world) {
    const { random } = world;
    await found(world, largeValue("first"), OVERWRITE);
    const slow: Fault = { kind: "slow", beforeMs: random.between(0, 0.2) * GRACE_MS };
    const writer = liveAs(world, "writer", { fault: inOrder(isCommit, [slow]) }, async (actor) => {
      await actor.save(
        "a",
        random.pick([largeValue("second"), sharingValue("common", "second")]),
        OVERWRITE,
      );
      await actor.rest(random.between(0, 1.2) * GRACE_MS);
      if (random.chance(0.4)) await actor.delete("a", "1.0.0");
      else await actor.save("a", largeValue("third"), OVERWRITE);
    });
    const readers = Array.from(
      { length: 2 },
      (_, i) =>
        liveAs(world, `reader ${i}`, {}, async (actor) => {
          for (let n = 0; n < 3; n++) {
            const restMs = random.between(0, 0.9) * GRACE_MS;
            if (random.chance(0.5)) await actor.load("a", "latest", restMs);
            else await actor.open("a", "latest", restMs);
          }
        }),
    );
    const collectors = Array.from(
      { length: 2 },
      (_, i) => collecting(world, 4, [0, 0.6], { name: `collector ${i}` }),
    );
    await Promise.all([writer, ...readers, ...collectors]);
  },
};

/** A collector pauses for hours while others save, overwrite and collect. */
export const slowCollector: Schedule = {
  name: "slow collector",
  weight: 8,
  settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: true }),
  async run(world, settings) {
    const { random } = world;
    await found(world, largeValue("first"), OVERWRITE);
    if (random.chance(0.5)) await world.system.sleep(random.between(0.5, 1.5) * GRACE_MS);
    const frozen = random.pick([{}, {}, { wall: true }, { monotonic: true }, {
      wall: true,
      monotonic: true,
    }]);
    const stop: CallPause = {
      ms: random.between(0.8, 2) * GRACE_MS,
      at: random.pick(["send", "reply"]),
      ...frozen,
    };
    const anywhere = () => true;
    const listing = ({ verb, key }: StoreCall) => verb === "list" && key === "names/a/";
    const place = random.pick([anywhere, listing]);
    const calls: (CallPause | undefined)[] = Array(random.int(place === listing ? 4 : 16)).fill(
      undefined,
    );
    const slow = liveAs(world, "slow collector", {}, async (actor) => {
      await actor.rest(random.between(0, 1_000));
      actor.plan.pause = inOrder(place, [...calls, stop]);
      await actor.collect();
    });
    const busy: Fault = { kind: "slow", beforeMs: random.between(0, 600_000) };
    const writer = liveAs(world, "writer", { fault: inOrder(isCommit, [busy]) }, async (actor) => {
      if (random.chance(0.5)) await actor.rest(random.between(0, 200));
      await actor.save(
        "a",
        largeValue("second"),
        settings.versioned && random.chance(0.5) ? {} : OVERWRITE,
      );
      await actor.rest(random.between(0, 0.9) * GRACE_MS);
      if (random.chance(0.5)) await actor.save("a", sharingValue("common", "third"), OVERWRITE);
    });
    const quick = liveAs(world, "quick collector", {}, async (actor) => {
      await actor.rest(random.between(0.9, 1.5) * GRACE_MS);
      await actor.collect();
      await actor.load("a", "latest");
    });
    await Promise.all([slow, writer, quick]);
  },
};

/** Collected versions are saved again, some by late requests. */
export const savedAgain: Schedule = {
  name: "saved again",
  weight: 5,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  async run(world, { mutable }) {
    const { random } = world;
    const late: Fault = { kind: "late", afterMs: random.between(1, 2) * GRACE_MS };
    const fault = random.chance(0.5)
      ? inOrder<Fault>(isCommit, [late, { kind: "lostRequest" }], true)
      : undefined;
    const lateWriter = liveAs(world, "late writer", { fault, retryForMs: 3_000 }, async (actor) => {
      if (fault !== undefined) await actor.save("a", smallValue("late"), { version: "1.0.0" });
    });
    const writer = liveAs(world, "writer", {}, async (actor) => {
      await actor.save("a", random.pick([smallValue, largeValue])("first"), { version: "1.0.0" });
      if (mutable && random.chance(0.7)) {
        await actor.save("a", smallValue("second"), OVERWRITE);
      } else await actor.delete("a", "1.0.0");
      await actor.rest(random.between(1.02, 1.5) * GRACE_MS);
      await actor.collect();
      await actor.save("a", smallValue("third"), { version: "1.0.0" });
      await actor.load("a", "1.0.0");
    });
    await Promise.all([lateWriter, writer]);
  },
};

/**
 * A collector has listed and pauses; a record lands late with its payload; another collector
 * removes what it replaced; then the first one continues.
 */
export const twoCollectors: Schedule = {
  name: "two collectors",
  weight: 5,
  settings: () => ({ versioned: true, mutable: true }),
  async run(world) {
    const { random } = world;
    await found(world, largeValue("first"), OVERWRITE);
    const landsAfterMs = random.between(1.02, 2) * GRACE_MS;
    const late: Fault = { kind: "late", afterMs: landsAfterMs };
    const fault = inOrder<Fault>(isCommit, [late, { kind: "lostRequest" }], true);
    await liveAs(world, "late writer", { fault, retryForMs: 3_000 }, async (actor) => {
      await actor.save("a", sharingValue("common", "second"), OVERWRITE);
    });
    const frozen = { wall: random.chance(0.8), monotonic: random.chance(0.8) };
    const slow = liveAs(world, "slow collector", {}, async (actor) => {
      await actor.rest(landsAfterMs - random.between(4_000, 20_000));
      const isPayloadDelete = ({ verb, key }: { verb: string; key: string }) =>
        verb === "delete" && key.startsWith("objects/");
      const stop: CallPause = { ms: random.between(0.5, 2) * GRACE_MS, at: "send", ...frozen };
      actor.plan.pause = inOrder(
        random.chance(0.7) ? isPayloadDelete : ({ verb }) => verb === "delete",
        [stop],
      );
      await actor.collect();
    });
    const quick = liveAs(world, "quick collector", {}, async (actor) => {
      await actor.rest(landsAfterMs + random.between(0, 0.2) * GRACE_MS);
      if (random.chance(0.3)) await actor.save("a", sharingValue("common", "third"));
      for (let n = 0; n < 2; n++) {
        await actor.rest(random.between(0.5, 0.8) * GRACE_MS);
        await actor.collect();
        await actor.load("a", "1.0.0");
      }
    });
    await Promise.all([slow, quick]);
  },
};

/** Uploads whose connection breaks repeatedly. */
export const tornUploads: Schedule = {
  name: "torn uploads",
  weight: 3,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  async run(world) {
    const { random } = world;
    const kinds = ["torn", "lostReply", "lostRequest", "unavailable"] as const;
    const fault = inOrder<Fault>(
      isUpload,
      Array.from(
        { length: 4 },
        () => random.chance(0.6) ? { kind: random.pick(kinds) } : undefined,
      ),
    );
    await liveAs(world, "writer", { fault }, async (actor) => {
      for (let n = 0; n < 3; n++) {
        await actor.save(
          "a",
          random.pick([largeValue(`save ${n}`), sharingValue("common", `save ${n}`)]),
        );
        await actor.load("a", "latest");
      }
    });
  },
};

const MINUTE_MS = 60_000;

/**
 * Two processes set longer and shorter grace periods, with faults, while writers, readers and
 * collectors keep handles open. Writers pause during saves, sometimes with their clocks.
 */
export const changedGraces: Schedule = {
  name: "changed graces",
  weight: 3,
  settings: ({ random }) => ({
    versioned: random.chance(0.8),
    mutable: true,
    graceMs: random.pick([1, 1, 2, 4]) * GRACE_MS,
  }),
  async run(world) {
    const { random } = world;
    await found(world, largeValue("first"), OVERWRITE);
    const setters = Array.from({ length: 2 }, (_, i) => {
      const own = random.fork();
      const rates = { lostReply: 0.1, late: 0.1, hiddenRetry: 0.1, unavailable: 0.05 };
      const fault = own.chance(0.5)
        ? createRandomFaults({ random: own.fork(), rates, maxLateMs: 2 * GRACE_MS })
        : undefined;
      return liveAs(world, `setter ${i}`, { fault }, async (actor) => {
        for (let n = 0; n < 4; n++) {
          await actor.rest(own.between(0, 1.5) * GRACE_MS);
          await actor.changeGrace(own.pick([1, 1, 1.5, 2, 3, 4]) * GRACE_MS);
        }
      });
    });
    const writers = Array.from({ length: 2 }, (_, i) => {
      const own = random.fork();
      return liveAs(world, `writer ${i}`, {}, async (actor) => {
        for (let n = 0; n < 6; n++) {
          await actor.rest(own.between(0, 1.2) * GRACE_MS);
          const label = `writer ${i} value ${n}`;
          if (own.chance(0.5)) actor.plan.pause = sleep(own);
          const value = own.pick([
            largeValue(label),
            sharingValue("common", label),
            longValue(label, MINUTE_MS),
          ]);
          if (own.chance(0.2)) await actor.delete("a", "1.0.0");
          else await actor.save("a", value, OVERWRITE);
        }
      });
    });
    const reader = liveAs(world, "reader", {}, async (actor) => {
      for (let n = 0; n < 5; n++) {
        await actor.rest(random.between(0, 0.8) * GRACE_MS);
        await actor.open("a", "latest", random.between(0, 0.9) * GRACE_MS);
      }
    });
    const collectors = Array.from({ length: 2 }, (_, i) => {
      const own = random.fork();
      return liveAs(world, `collector ${i}`, {}, async (actor) => {
        for (let n = 0; n < 12; n++) {
          await actor.rest(own.between(0, 0.8) * GRACE_MS);
          await actor.collect();
        }
      });
    });
    await Promise.all([...setters, ...writers, reader, ...collectors]);
  },
};

/** A machine that sleeps once; its clocks may sleep too. */
function sleep(random: Random): (call: StoreCall) => CallPause | undefined {
  const frozen = random.pick([{}, { wall: true }, { monotonic: true }, {
    wall: true,
    monotonic: true,
  }]);
  const ms = random.between(0.1, 3) * GRACE_MS;
  return inOrder(random.pick([isUpload, isCommit]), [{
    ms,
    at: random.pick(["send", "reply"] as const),
    ...frozen,
  }]);
}

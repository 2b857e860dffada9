// Writers that are much too late: paused, slow, or with requests that arrive hours later.
import type { SavedArtifact } from "../../../core/registry.ts";
import type { Actor } from "../actor.ts";
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
  wrongBy,
} from "./schedule.ts";

/** The record of an overwrite lands after its payload was collected. */
export const lateRecord: Schedule = {
  name: "late record",
  weight: 5,
  settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: true }),
  async run(world, { versioned }) {
    const { random } = world;
    let first: SavedArtifact | undefined;
    await liveAs(world, "early writer", {}, async (actor) => {
      first = await actor.save(
        "a",
        random.chance(0.5) ? largeValue("first") : sharingValue("common", "first"),
      );
    });
    const late: Fault = { kind: "late", afterMs: random.between(0.6, 2) * GRACE_MS };
    const fault = inOrder<Fault>(isCommit, [late, { kind: "lostRequest" }], true);
    const options = { fault, retryForMs: 3_000, skewMs: wrongBy(random) };
    const lateWriter = liveAs(world, "late writer", options, async (actor) => {
      const value = random.pick([
        largeValue("second"),
        sharingValue("common", "second"),
        sharingValue("common"),
      ]);
      await actor.save("a", value, OVERWRITE);
    });
    const other = liveAs(world, "other writer", {}, async (actor) => {
      await actor.rest(random.between(0, 1.5) * GRACE_MS);
      const version = versioned ? random.pick(["1.0.0", "2.0.0"]) : "1.0.0";
      const value = random.pick([
        smallValue("third"),
        sharingValue("common", "third"),
        largeValue("second"),
      ]);
      if (random.chance(0.5)) {
        await actor.save("a", value, {
          onConflict: "overwrite",
          ...(random.chance(0.5) && { version }),
        });
      }
    });
    const collector = liveAs(world, "collector", {}, async (actor) => {
      for (let n = 0; n < 3; n++) {
        await actor.rest(random.between(0.6, 1.2) * GRACE_MS);
        await actor.collect();
        if (random.chance(0.5)) await actor.load("a", random.pick(["1.0.0", "latest"]));
        if (random.chance(0.5)) await goOn(actor);
      }
    });
    await Promise.all([lateWriter, other, collector]);

    /** Uses the valid version, which may be below an expired record. */
    async function goOn(actor: Actor): Promise<void> {
      const ifCommit = random.chance(0.6) ? first?.commit : undefined;
      const change = {
        version: "1.0.0",
        onConflict: "overwrite" as const,
        ...(ifCommit && { ifCommit }),
      };
      await random.pick([
        () => actor.save("a", smallValue("skipping"), { version: "1.0.0", onConflict: "skip" }),
        () =>
          actor.save(
            "a",
            random.pick([smallValue("after"), sharingValue("common", "after")]),
            change,
          ),
        () => actor.delete("a", "1.0.0", { ifCommit }),
        () => actor.setAlias("a", "live", "1.0.0").then(() => actor.load("a", "live")),
      ])();
    }
  },
};

/**
 * A record lands late, while a collector that listed the name before is about to remove its payload.
 * Then the same save, or undelete, is repeated.
 */
export const repeatedLate: Schedule = {
  name: "repeated late",
  weight: 8,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  async run(world, { mutable }) {
    const { random } = world;
    const version = random.pick([undefined, "2.0.0"]);
    const value = random.pick([largeValue("second"), sharingValue("common", "second")]);
    const saveKeyed = (actor: Actor) =>
      actor.save("a", value, { idempotencyKey: "order", ...(version && { version }) });
    const repeat = random.pick<(actor: Actor) => Promise<unknown>>([
      saveKeyed,
      (actor) => actor.save("a", value, { version: "2.0.0", onConflict: "skip" }),
      (actor) => actor.undelete("a", "1.0.0"),
    ]);
    // Another save replaces the record, perhaps after it expired.
    const isReplaced = mutable && version !== undefined && repeat === saveKeyed;
    await found(world, largeValue("first"), { version: "1.0.0" });
    const landsAfterMs = random.between(1.02, 1.4) * GRACE_MS;
    const isRecord = (call: StoreCall) => isCommit(call) && call.key.includes("/versions/");
    const options = { retryForMs: 3_000, skewMs: wrongBy(random) };
    await liveAs(world, "late writer", options, async (actor) => {
      await actor.delete("a", "1.0.0");
      actor.plan.fault = inOrder<Fault>(
        isRecord,
        [{ kind: "late", afterMs: landsAfterMs }, { kind: "lostRequest" }],
        true,
      );
      await repeat(actor);
    });
    const frozen = { wall: random.chance(0.5), monotonic: random.chance(0.5) };
    const slow = liveAs(world, "slow collector", {}, async (actor) => {
      await actor.rest(landsAfterMs - random.between(4_000, 20_000));
      const ms = random.between(0.02, 1) * GRACE_MS;
      const isPayload = ({ verb, key }: StoreCall) =>
        verb === "delete" && key.startsWith("objects/");
      actor.plan.pause = inOrder(isPayload, [{ ms, at: "send", ...frozen }]);
      await actor.collect();
    });
    const repeater = liveAs(world, "repeater", {}, async (actor) => {
      await actor.rest(landsAfterMs + random.between(0, isReplaced ? 1.2 : 0.1) * GRACE_MS);
      if (isReplaced) {
        await actor.save("a", smallValue("above"), { ...OVERWRITE, version: "2.0.0" });
      }
      for (let n = 0; n < 3; n++) {
        await repeat(actor);
        await actor.rest(random.between(0, 0.6) * GRACE_MS);
        if (random.chance(0.5)) await actor.collect();
      }
      await actor.load("a", "1.0.0");
    });
    await Promise.all([slow, repeater]);
  },
};

/** A writer pauses between its upload and its record, and gc runs meanwhile. */
export const pausedWriter: Schedule = {
  name: "paused writer",
  weight: 10,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.7) }),
  async run(world, settings) {
    const { random } = world;
    const unseen = random.chance(0.6); // by any of its own clocks
    const ms = random.between(unseen ? 1.2 : 0.2, 2) * GRACE_MS;
    const at = random.pick(["send", "send", "reply"] as const);
    const frozen = { wall: unseen || random.chance(0.5), monotonic: unseen || random.chance(0.5) };
    const stop: CallPause = { ms, at, ...frozen };
    const place = random.pick([isUpload, isUpload, isCommit]);
    const pause = inOrder<CallPause>(place, [stop]);
    const network: Fault = { kind: "slow", [at === "send" ? "beforeMs" : "afterMs"]: ms };
    const fault = inOrder<Fault>(place, [network]);
    const how = random.chance(0.7) ? { pause } : { fault };
    const over = settings.mutable ? OVERWRITE : {};
    await found(world, sharingValue("common", "first"));
    const awake = Promise.withResolvers<void>();
    const writer = liveAs(world, "paused writer", {}, async (actor) => {
      const value = random.pick([
        largeValue("second"),
        longValue("second", 0, "common"),
        longValue("second", 0, "common"),
        sharingValue("common", "second"),
      ]);
      if (random.chance(0.4)) await sleepAndWake(actor);
      awake.resolve();
      Object.assign(actor.plan, how);
      await actor.save("a", value, over);
      await actor.load("a", "latest");
    });
    const other = liveAs(world, "other writer", {}, async (actor) => {
      await awake.promise;
      await actor.rest(random.between(0, unseen ? 1_000 : ms));
      for (let n = random.pick([0, 1, 2, 2, 3]); n > 0; n--) {
        await actor.save("a", smallValue(`third ${n}`), over);
      }
    });
    const collector = liveAs(world, "collector", {}, async (actor) => {
      await awake.promise;
      for (let n = 0; n < 3; n++) {
        await actor.rest(random.between(0.6, 1.1) * GRACE_MS);
        await actor.collect();
      }
      await actor.load("a", "latest");
    });
    await Promise.all([writer, other, collector]);

    /** Sleeps with clocks that stop, saves, and sets them right. */
    async function sleepAndWake(actor: Actor): Promise<void> {
      actor.process.pause(random.between(1, 3) * GRACE_MS, { wall: true, monotonic: true });
      await actor.process.ready();
      await actor.save("b", smallValue("awake"));
      actor.process.correctClock();
    }
  },
};

/**
 * An upload of hours that renews itself, while others replace or delete the version above which it
 * writes and whose file it shares, and collectors remove both.
 */
export const longUpload: Schedule = {
  name: "long upload",
  weight: 12,
  settings({ random }) {
    const mutable = random.chance(0.7);
    return { versioned: !mutable || random.chance(0.9), mutable };
  },
  async run(world, { mutable }) {
    const { random } = world;
    const over = mutable ? OVERWRITE : {};
    let commit: string | undefined;
    await liveAs(world, "founder", {}, async (actor) => {
      commit = (await actor.save("a", sharingValue("common", "first"), over))?.commit;
    });
    const long = random.between(1.2, mutable ? 2.5 : 3.5);
    const lasts = random.pick([random.between(0.3, 2), long, long]);
    const uploader = liveAs(world, "uploader", {}, async (actor) => {
      const isKeyed = random.chance(0.5);
      const common = random.chance(!mutable ? 0.9 : isKeyed ? 0.1 : 0.6) ? "common" : undefined;
      const value = longValue("long", lasts * GRACE_MS / 24, common);
      const ifCommit = random.chance(0.4) && commit !== undefined ? { ifCommit: commit } : {};
      const key = isKeyed ? { idempotencyKey: "order", skipIfUnchanged: random.chance(0.9) } : {};
      const replaces = mutable && (isKeyed || random.chance(0.8));
      await actor.save("a", value, replaces ? { ...OVERWRITE, ...ifCommit, ...key } : key);
      await actor.load("a", "latest");
    });
    const other = liveAs(world, "other writer", {}, async (actor) => {
      await actor.rest(random.between(0, 0.2) * GRACE_MS);
      for (let n = (mutable ? 2 : 1) + random.int(2); n > 0; n--) {
        await actor.save("a", smallValue(`short ${n}`), over);
        await actor.rest(random.between(0, 60_000));
      }
      if (random.chance(mutable ? 0.2 : 0.8)) await actor.delete("a", "1.0.0");
    });
    const collector = collecting(world, 6, [0.3, mutable ? 0.6 : 0.9]);
    await Promise.all([uploader, other, collector]);
  },
};

const isAlive = ({ key }: StoreCall) => key.endsWith("/.alive");

/** An upload renews itself by a request whose reply takes hours, while a collector finds it idle. */
export const slowRenewals: Schedule = {
  name: "slow renewals",
  weight: 3,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  async run(world) {
    const { random } = world;
    const slow: Fault = { kind: "slow", afterMs: random.between(0.2, 2) * GRACE_MS };
    const before = Array<undefined>(random.int(6)).fill(undefined);
    const fault = inOrder<Fault>(isAlive, [...before, slow]);
    const uploader = liveAs(world, "uploader", { fault }, async (actor) => {
      const chunkMs = random.between(0.3, 1) * GRACE_MS / 24;
      await actor.save("a", longValue("long", chunkMs, "stored before it"));
      await actor.load("a", "latest");
    });
    await Promise.all([uploader, collecting(world, 6, [0.3, 0.6])]);
  },
};

/** A machine sleeps in an upload, with its clocks: only the store's clock shows how long. */
export const frozenUploads: Schedule = {
  name: "frozen uploads",
  weight: 3,
  settings: () => ({ versioned: true, mutable: true }),
  async run(world) {
    const { random } = world;
    await found(world, sharingValue("common", "first"));
    const awake = Promise.withResolvers<void>();
    const writer = liveAs(world, "frozen writer", {}, async (actor) => {
      await actor.save("b", smallValue("before")); // it knows the store's time
      awake.resolve();
      const ms = random.between(1.2, 2.5) * GRACE_MS;
      const frozen = { ms, at: "send", wall: true, monotonic: true } as const;
      actor.plan.pause = inOrder<CallPause>(isUpload, [frozen]);
      await actor.save("a", longValue("second", 0, "common"), random.pick([OVERWRITE, {}]));
      await actor.load("a", "latest");
    });
    const other = liveAs(world, "other writer", {}, async (actor) => {
      await awake.promise;
      await actor.rest(random.between(0, 1_000));
      for (let n = 1 + random.int(3); n > 0; n--) {
        await actor.save("a", smallValue(`third ${n}`), OVERWRITE);
      }
    });
    await Promise.all([writer, other, collecting(world, 5, [0.4, 0.8])]);
  },
};

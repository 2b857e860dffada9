// Repeated mirrors of one registry into another.
import type { Actor } from "../actor.ts";
import { createRandomFaults, type FaultRates } from "../random.ts";
import type { Fault, StoreCall } from "../with_faults.ts";
import { type ActorOptions, GRACE_MS, type World } from "../world.ts";
import {
  collecting,
  inOrder,
  isCommit,
  largeValue,
  liveAs,
  longValue,
  mostly,
  sharingValue,
  smallValue,
} from "./schedule.ts";
import type { Schedule, SimulatedSettings } from "./schedule.ts";

/** An actor of the source and one of the target, in one process. */
async function mirrorAs(
  world: World,
  options: ActorOptions & { settings: SimulatedSettings },
  life: (to: Actor, from: Actor) => Promise<void>,
): Promise<void> {
  const { settings, ...rest } = options;
  await liveAs(world, "mirror", { ...rest, ...settings, site: "target" }, async (to) => {
    const from = await world.actor("mirror", { process: to.process, fault: rest.fault });
    if (from !== undefined) await life(to, from);
  });
}

const ROUGH: FaultRates = {
  lostReply: 0.06,
  lostRequest: 0.06,
  late: 0.06,
  hiddenRetry: 0.06,
  unavailable: 0.05,
  slow: 0.03,
};

/** A mirror is killed and repeated while its source changes and gc runs on both. */
export const mirrors: Schedule = {
  name: "mirrors",
  weight: 6,
  settings: ({ random }) => ({ versioned: random.chance(0.9), mutable: random.chance(0.6) }),
  prepare: (world) => void world.site("target", { location: "target" }),
  async run(world, settings) {
    const { random } = world;
    const { versioned, mutable } = settings;
    const rates = random.pick([{}, ROUGH]);
    await liveAs(world, "founder", {}, async (actor) => {
      for (let n = 0; n < 2; n++) {
        await actor.save("a", sharingValue("common", `first ${n}`), over());
      }
    });
    const writer = liveAs(world, "writer", {}, async (actor) => {
      for (let n = 0; n < 5; n++) {
        await actor.rest(mostly(random, 3, 3_000));
        const value = random.pick([
          smallValue(`save ${n}`),
          largeValue(`save ${n}`),
          longValue(`save ${n}`, 0),
          sharingValue("common", `save ${n}`),
        ]);
        const version = versioned && mutable && random.chance(0.5) ? { version: "1.0.0" } : {};
        await actor.save(random.pick(["a", "b"]), value, { ...version, ...over() });
        if (random.chance(0.2)) {
          await actor.delete("a", versioned ? random.pick(["1.0.0", "2.0.0"]) : "1.0.0", {
            force: true,
          });
        }
        if (random.chance(0.2)) {
          await actor.undelete("a", versioned ? random.pick(["1.0.0", "2.0.0"]) : "1.0.0");
        }
        if (versioned && random.chance(0.3)) {
          await actor.setAlias("a", "live", random.pick(["1.0.0", "2.0.0"]));
        }
        if (versioned && random.chance(0.1)) await actor.deleteAlias("a", "live");
      }
    });
    const fault = createRandomFaults({ random: random.fork(), rates, maxLateMs: GRACE_MS });
    const mirroring = async () => {
      for (let lives = 0; lives < 2; lives++) {
        await mirrorAs(
          world,
          { settings, fault: rates === ROUGH ? fault : undefined, retryForMs: 3_000 },
          async (to, from) => {
            if (random.chance(0.3)) {
              world.system.scheduler.at(
                world.system.now() + random.between(0, 2_000),
                () => to.process.kill(),
              );
            }
            for (let n = 0; n < 2; n++) {
              await to.mirror(from, { verify: random.chance(0.1) });
              await to.rest(mostly(random, 3, 3_000));
            }
          },
        );
      }
    };
    const collectors = ["main", "target"].map((site) =>
      collecting(world, 2, [0.6, 1.2], { name: `collector of ${site}`, ...settings, site })
    );
    await Promise.all([writer, mirroring(), ...collectors]);
    await mirrorAs(world, { settings }, async (to, from) => {
      await to.mirror(from); // when all is quiet again
      for (let n = 0; n < 2; n++) { // the first one notes equal names
        await to.rest(60_000);
        if (n > 0) await from.save(random.pick(["a", "b", "c"]), smallValue(`late ${n}`), over());
        if (n > 0 && random.chance(0.5)) await from.delete("a", "1.0.0", { force: true });
        await to.mirror(from, { verify: random.chance(0.1) });
      }
    });

    function over() {
      return mutable && !versioned
        ? { onConflict: "overwrite" as const }
        : mutable
        ? { onConflict: "overwrite" as const }
        : {};
    }
  },
};

/** The record of a mirror expires in the target and is mirrored again. */
export const voidMirrors: Schedule = {
  name: "void mirrors",
  weight: 3,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.6) }),
  prepare: (world) => void world.site("target", { location: "target" }),
  async run(world, settings) {
    const { random } = world;
    await liveAs(world, "founder", {}, async (actor) => {
      for (let n = 1 + random.int(2); n > 0; n--) await actor.save("a", largeValue(`first ${n}`));
    });
    const late: Fault = { kind: "late", afterMs: random.between(1.02, 2) * GRACE_MS };
    await liveAs(
      world,
      "opener of the target",
      { ...settings, site: "target" },
      () => Promise.resolve(),
    );
    await mirrorAs(world, {
      settings,
      retryForMs: 3_000,
      fault: inOrder<Fault>(isCommit, [late, { kind: "lostRequest" }], true),
    }, (to, from) => to.mirror(from));
    await collecting(world, 3, [0.9, 1.2], { ...settings, site: "target" });
    if (random.chance(0.3)) {
      await liveAs(world, "deleter", {}, (actor) => actor.delete("a", "1.0.0"));
    }
    await mirrorAs(world, { settings }, async (to, from) => {
      await to.mirror(from);
      await to.load("a", "latest");
      await to.mirror(from);
    });
  },
};

/** The source restores versions whose deletion the target has collected, with late requests. */
export const restoredMirrors: Schedule = {
  name: "restored mirrors",
  weight: 3,
  settings: () => ({ versioned: true, mutable: false }),
  prepare: (world) => void world.site("target", { location: "target" }),
  async run(world, settings) {
    const { random } = world;
    const versions = ["1.0.0", "2.0.0"];
    await liveAs(world, "founder", {}, async (actor) => {
      for (const version of versions) await actor.save("a", largeValue(version), { version });
    });
    const isDelete = ({ verb }: StoreCall) => verb === "delete" || verb === "deleteMany";
    const fault = (call: StoreCall): Fault | undefined =>
      isDelete(call) && random.chance(0.5)
        ? { kind: "hiddenRetry", afterMs: random.between(0, 3) * GRACE_MS }
        : undefined;
    const collector = collecting(world, 6, [0.5, 1.3], { ...settings, site: "target", fault });
    const life = mirrorAs(world, { settings }, async (to, from) => {
      for (let n = 0; n < 5; n++) {
        await to.mirror(from);
        for (const version of versions) await to.load("a", version);
        await from.delete("a", random.pick(versions));
        if (random.chance(0.8)) await to.mirror(from);
        await to.rest(random.between(0, 4) * GRACE_MS);
        for (const version of versions) await from.undelete("a", version);
      }
      await to.mirror(from);
    });
    await Promise.all([collector, life]);
  },
};

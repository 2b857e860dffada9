// Stores below the requirements: late and empty listings, and changing permissions.
import type { Fault, StoreCall } from "../with_faults.ts";
import { createStaleLists } from "../stores/stale_lists.ts";
import { createIncompleteLists, createWrongLists } from "../stores/wrong_lists.ts";
import { GRACE_MS } from "../world.ts";
import {
  collecting,
  inOrder,
  isCommit,
  largeValue,
  liveAs,
  mostly,
  OVERWRITE,
} from "./schedule.ts";
import { sharingValue, smallValue } from "./schedule.ts";
import type { Schedule } from "./schedule.ts";

/** Lags of listings: short, or longer than an operation may last. */
const LAGS = [
  { maxLagMs: 20_000 },
  { rate: 0.95, minLagMs: 0.35 * GRACE_MS, maxLagMs: 0.4 * GRACE_MS },
];

/**
 * Listings lag behind writes of others, more than a store may. Each generation still has one
 * winner, no acknowledged data is lost, and readers see a recent state.
 */
export const staleLists: Schedule = {
  name: "stale lists",
  weight: 4,
  settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: random.chance(0.85) }),
  prepare({ sites: [main], history, random }) {
    const lags = random.weighted([[1, LAGS[0]!], [2, LAGS[1]!]]);
    main.view = createStaleLists({ history, random: random.fork(), ...lags });
    main.staleMs = lags.maxLagMs;
  },
  async run(world, { versioned, mutable }) {
    const { random } = world;
    const over = mutable ? { onConflict: "overwrite" as const } : {};
    const writers = [1, 2, 3].map((i) =>
      liveAs(world, `writer ${i}`, {}, async (actor) => {
        for (let n = 0; n < 5; n++) {
          const value = random.pick([smallValue, largeValue])(`writer ${i} save ${n}`);
          const version = versioned && random.chance(0.5)
            ? { version: random.pick(["1.0.0", "2.0.0"]), ...over }
            : versioned
            ? {}
            : over;
          const key = random.chance(0.2) ? { idempotencyKey: `order ${i}` } : {};
          await actor.save("a", random.pick([value, sharingValue("common", value.label)]), {
            ...version,
            ...key,
          });
          if (random.chance(0.2)) await actor.delete("a", "1.0.0", { force: true });
          if (versioned && random.chance(0.2)) {
            await actor.setAlias("a", "live", "1.0.0", random.pick([undefined, null, "1.0.0"]));
          }
          await actor.load("a", "latest");
          await actor.rest(mostly(random, 6, 3_000));
        }
      })
    );
    const collector = collecting(world, 3, [0.6, 1.2]);
    await Promise.all([...writers, collector]);
  },
};

const DAY_MS = 24 * GRACE_MS;

/**
 * Lists are empty during every other collection, once or throughout. Versions, finished runs, open
 * drafts and lineage keep their data.
 */
export const wrongLists: Schedule = {
  name: "wrong lists",
  weight: 5,
  settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: random.chance(0.5) }),
  async run(world, { versioned, mutable }) {
    const { random, sites: [main] } = world;
    const draft = (id: string) => ({ name: "a", id });
    const rest = () =>
      random.pick([0, random.between(0, 4) * GRACE_MS, random.between(0, 2) * DAY_MS]);
    const writer = liveAs(world, "writer", {}, async (actor) => {
      for (let n = 0; n < 4; n++) {
        const value = random.pick([
          smallValue(`save ${n}`),
          largeValue(`save ${n}`),
          sharingValue("common", `save ${n}`),
        ]);
        const isOverwrite = mutable && (!versioned || random.chance(0.5));
        if (isOverwrite) await actor.save("a", value, OVERWRITE);
        else if (versioned || n === 0) await actor.save("a", value);
        await actor.rest(rest());
        await actor.load("a", "latest");
      }
      if (versioned) {
        await actor.delete("a", "1.0.0");
        await actor.rest(random.between(0, 0.9) * GRACE_MS);
        if (random.chance(0.7)) await actor.undelete("a", "1.0.0");
      }
    });
    const drafters = ["x", "y"].map((id) =>
      liveAs(world, `drafter ${id}`, {}, async (actor) => {
        for (const part of ["0", "1"]) {
          await actor.addPart({ ...draft(id), part, delivery: "1" }, 0);
          await actor.rest(random.pick([rest(), random.between(4, 6) * DAY_MS]));
        }
        if (random.chance(0.3)) await actor.discardDraft(draft(id));
        else if (versioned) await actor.commitDraft(draft(id));
      })
    );
    await Promise.race([writer, world.system.sleep(1_000)]); // the registry has its first record
    main.view = createWrongLists(random.fork());
    // The run between two that see wrong lists notes that it saw right ones: this note must be read.
    main.hasCurrentNotes = true;
    const collectors = collecting(world, 10, [0.2, 200]); // notes of lineage go after 30 days
    await Promise.all([writer, ...drafters, collectors]);
    main.view = undefined;
  },
};

const isRecord = (call: StoreCall) => isCommit(call) && call.key.includes("/versions/");

/**
 * After some collections, lists omit one record for good, at times the idempotency keys too. Versions,
 * with files of their own or of others, and finished runs keep their data.
 */
export const incompleteLists: Schedule = {
  name: "incomplete lists",
  weight: 10,
  settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: random.chance(0.6) }),
  async run(world, { versioned, mutable }) {
    const { random, sites: [main] } = world;
    const rest = () => random.pick([0, random.between(0, 2) * GRACE_MS]);
    const value = (n: number) =>
      random.pick([largeValue(`save ${n}`), sharingValue("common", `save ${n}`)]);
    const writer = liveAs(world, "writer", {}, async (actor) => {
      for (let n = 0; n < 3; n++) {
        const isOverwrite = mutable && (!versioned || random.chance(0.6));
        if (isOverwrite) await actor.save("a", value(n), OVERWRITE);
        else if (versioned || n === 0) await actor.save("a", value(n));
        await actor.rest(rest());
      }
      if (!versioned) return;
      await actor.delete("a", "1.0.0");
      await actor.rest(random.between(0, 0.9) * GRACE_MS);
      if (random.chance(0.5)) await actor.undelete("a", "1.0.0");
    });
    // A write that no collection has seen when lists begin to omit it. Only a key names the record of a draft.
    const unseen = random.pick([
      undefined,
      undefined,
      versioned ? "draft" : undefined,
      mutable ? "overwrite" : undefined,
    ]);
    // A collection sees the key while its record is on the way.
    const pauseMs = unseen === "draft" ? random.pick([0, 60_000]) : 0;
    const drafter = liveAs(world, "drafter", {}, async (actor) => {
      if (unseen === "overwrite") {
        for (const label of ["before", "after"]) {
          await actor.save("b", largeValue(label), OVERWRITE);
        }
      }
      if (unseen !== "draft" && (!versioned || unseen || random.chance(0.5))) return;
      const draft = { name: unseen ? "b" : random.pick(["a", "b"]), id: "x" };
      await actor.addPart({ ...draft, part: "0", delivery: "1" }, 0);
      if (unseen) actor.plan.pause = inOrder(isRecord, [{ ms: pauseMs, at: "send" }]);
      await actor.commitDraft(draft);
    });
    main.hasRightNotes = true;
    const early = pauseMs > 0
      ? collecting(world, 1, [0.008, 0.008])
      : collecting(world, unseen ? 0 : random.int(3), [0.2, 2]);
    await Promise.all([writer, drafter, early]);
    const records = [...main.ledger.cells.values()].flatMap(({ place, landings }) =>
      place.kind === "version" ? landings.filter(({ present }) => present) : []
    );
    const ofDrafts = records.filter(({ record }) => "key" in record && record.key !== undefined);
    const { key: lost } = unseen
      ? records.findLast(({ place }) => place.name === "b")!
      : random.pick(ofDrafts.length > 0 && random.chance(0.7) ? ofDrafts : records);
    const nights = unseen
      ? [40, 70] as const
      : random.pick([[0.4, 2], [12, 60], [100, 300]] as const);
    // After 30 days nothing else names the record of a draft.
    const areKeysLost = !unseen && nights[1] < 100 && random.chance(0.4);
    main.view = createIncompleteLists((key) =>
      key === lost || areKeysLost && key.includes("/keys/")
    );
    await collecting(world, unseen ? 8 : 6, nights, { name: "nights" });
    main.view = undefined;
  },
};

/** A process temporarily loses permission to write, delete, or everything. */
export const permissions: Schedule = {
  name: "permissions",
  weight: 3,
  settings: ({ random }) => ({ versioned: random.chance(0.8), mutable: random.chance(0.6) }),
  async run(world, { versioned, mutable }) {
    const { random } = world;
    const over = mutable ? { onConflict: "overwrite" as const } : {};
    const lives = [1, 2].map((i) => {
      const own = random.fork();
      const refused = own.pick<(call: StoreCall) => boolean>([
        ({ verb }) => verb === "put",
        ({ verb }) => verb === "delete",
        ({ verb, mode }) => verb === "put" && mode === "create",
        ({ verb }) => verb === "get",
        () => true,
      ]);
      const begin = world.system.now();
      const periodMs = own.between(50, 2_000);
      const rate = own.between(0, 0.2);
      const fault = (call: StoreCall): Fault | undefined => {
        const lost = Math.floor((world.system.now() - begin) / periodMs) % 2 === 1;
        if (lost && refused(call)) return { kind: "denied" };
        return own.chance(rate)
          ? { kind: own.pick(["lostReply", "denied", "hiddenRetry"]) }
          : undefined;
      };
      return liveAs(world, `writer ${i}`, { retryForMs: 3_000 }, async (actor) => {
        actor.plan.fault = fault;
        for (let n = 0; n < 4; n++) {
          const value = own.pick([smallValue, largeValue])(`writer ${i} save ${n}`);
          await actor.save(
            "a",
            value,
            versioned && own.chance(0.4) ? { version: "1.0.0", ...over } : versioned ? {} : over,
          );
          await own.pick([
            () => actor.collect(),
            () => actor.delete("a", "1.0.0"),
            () => actor.load("a", "latest"),
            () => actor.versions("a"),
          ])();
          await actor.rest(mostly(own, 3, 1_000, 1.3 * GRACE_MS));
        }
      });
    });
    await Promise.all(lives);
  },
};

// Drafts and uploads in pieces: workers repeat, fail and are killed while others commit.
import { createRandomFaults } from "../../random.ts";
import { GRACE_MS, type World } from "../../world.ts";
import { collecting, inOrder, isUpload, liveAs, type Schedule, smallValue } from "../schedule.ts";
import type { Fault, StoreCall } from "../../with_faults.ts";
import type { CallPause } from "../../with_process.ts";
import type { Actor } from "../../actor.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const PARTS = ["0", "1"];
/** The draft whose commits take all parts. */
const ALL = "z";

/** Parts and commits of drafts at all ages, by processes that fail. */
export const drafts: Schedule = {
  name: "drafts",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.3) }),
  prepare({ sites: [main] }) {
    main.disturbs = true; // a draft may be left alone for too long
  },
  async run(world) {
    const { random } = world;
    const rates = random.pick([{}, {
      lostReply: 0.08,
      lostRequest: 0.08,
      late: 0.08,
      hiddenRetry: 0.08,
      unavailable: 0.05,
    }]);
    const fault = () => createRandomFaults({ random: random.fork(), rates });
    const rest = () =>
      random.weighted([
        [6, random.between(0, 400)],
        [3, random.between(0, 3) * GRACE_MS],
        [2, random.between(4.5, 7.5) * DAY_MS],
      ]);
    const ids = ["x", "y", ALL];
    /** Within the age of a listing that serves for several parts, about that, or far beyond. */
    const pause = () =>
      random.weighted([
        [6, random.between(0, 300)],
        [3, random.between(0, 0.3) * GRACE_MS],
        [1, random.between(4.5, 7.5) * DAY_MS],
      ]);
    const workers = PARTS.flatMap((part) => [1, 2].map((n) => ({ part, n }))).map(({ part, n }) =>
      liveAs(world, `worker ${part} ${n}`, { fault: fault(), retryForMs: 3_000 }, async (actor) => {
        const others = PARTS.filter((other) => other !== part);
        for (const id of ids) {
          await actor.rest(rest());
          for (const [tries, added] of [part, part, ...others].entries()) {
            const chunkMs = random.chance(0.2) ? random.between(0.01, 0.2) * GRACE_MS : 0;
            await actor.addPart({ name: "a", id, part: added, delivery: `${n}.${tries}` }, chunkMs);
            await actor.rest(pause());
          }
        }
      })
    );
    const committers = [1, 2].map((n) =>
      liveAs(world, `committer ${n}`, { fault: fault(), retryForMs: 3_000 }, async (actor) => {
        for (const id of ids) {
          for (let tries = 0; tries < 5; tries++) {
            await actor.rest(rest());
            if (id !== ALL && random.chance(0.05)) await actor.discardDraft({ name: "a", id });
            const parts = id === ALL ? undefined : PARTS;
            if (
              await actor.commitDraft({ name: "a", id }, parts) !== undefined && random.chance(0.7)
            ) break;
          }
          await actor.load("a", "latest");
        }
      })
    );
    const writer = liveAs(world, "writer", {}, async (actor) => {
      for (let n = 0; n < 3; n++) {
        await actor.save("a", smallValue(`save ${n}`));
        await actor.rest(rest());
      }
    });
    const collectors = [1, 2].map((n) =>
      liveAs(world, `collector ${n}`, {}, async (actor) => {
        for (let n = 0; n < 6; n++) {
          await actor.rest(
            random.weighted([[2, random.between(0.7, 1.3) * GRACE_MS], [
              3,
              random.between(1, 8) * DAY_MS,
            ]]),
          );
          await actor.collect();
        }
      })
    );
    await Promise.all([...workers, ...committers, writer, ...collectors]);
  },
};

/** Processes stop in the middle of their work on a draft, while others end it and collect it. */
export const leftDrafts: Schedule = {
  name: "left drafts",
  weight: 2,
  settings: () => ({ versioned: true, mutable: false }),
  prepare({ sites: [main] }) {
    main.disturbs = true; // a draft may be left alone for too long
  },
  async run(world) {
    const { random } = world;
    const draft = { name: "a", id: "x" };
    const isDiscarded = random.chance(0.5);
    const keptMs = isDiscarded ? GRACE_MS : 7 * DAY_MS;
    const stop = (after: number, ms: number): (CallPause | undefined)[] => [
      ...Array(random.int(after)).fill(undefined),
      {
        ms,
        at: "send", // a reply that waits is an answer about the past
        ...random.pick([{}, { wall: true }, { monotonic: true }]),
      },
    ];
    const worker = liveAs(world, "worker", {}, async (actor) => {
      const add = (part: string) => actor.addPart({ ...draft, part, delivery: "1" }, 0);
      await add("0");
      await actor.rest(random.between(0, 0.2) * GRACE_MS);
      const idleMs = keptMs + random.between(-0.5, 2) * GRACE_MS;
      if (random.chance(0.5)) await actor.rest(idleMs);
      else {
        actor.plan.pause = inOrder(
          ({ key }) => key.startsWith("drafts/") || isUpload({ verb: "put", key }),
          stop(12, idleMs),
        );
      }
      for (const part of ["1", "2", "3"]) {
        await actor.rest(random.between(0, 0.1) * GRACE_MS);
        await add(part);
      }
      await actor.commitDraft(draft);
    });
    const other = liveAs(world, "other", {}, async (actor) => {
      await actor.rest(random.between(0, 0.3) * GRACE_MS);
      if (isDiscarded) await actor.discardDraft(draft);
      await actor.rest(keptMs + random.between(0.5, 2) * GRACE_MS);
      await actor.addPart({ ...draft, part: "4", delivery: "2" }, 0);
      await actor.rest(random.between(0, 2) * GRACE_MS);
      await actor.commitDraft(draft);
    });
    const collectors = [1, 2].map((n) =>
      liveAs(world, `collector ${n}`, {}, async (actor) => {
        await actor.rest(keptMs + random.between(0, 1.5) * GRACE_MS);
        actor.plan.pause = inOrder(
          ({ verb, key }) => verb === "delete" && /^(drafts|objects)/.test(key),
          stop(4, random.between(0, 0.5) * GRACE_MS),
        );
        await actor.collect();
      })
    );
    await Promise.all([worker, other, ...collectors]);
  },
};

/** A part lands late, perhaps after its payload was collected; then the draft is committed. */
export const lateParts: Schedule = {
  name: "late parts",
  weight: 3,
  settings: () => ({ versioned: true, mutable: false }),
  prepare({ sites: [main] }) {
    main.disturbs = true; // a part may have landed too late
  },
  async run(world) {
    const { random } = world;
    const draft = { name: "a", id: "x" };
    const afterMs = random.between(0.6, 3) * GRACE_MS;
    const isPart = ({ verb, mode, key }: StoreCall) =>
      verb === "put" && mode === "create" && key.startsWith("drafts/");
    const late: Fault[] = [{ kind: "late", afterMs }, { kind: "lostRequest" }];
    await liveAs(world, "worker", { retryForMs: 3_000 }, async (actor) => {
      await actor.addPart({ ...draft, part: "0", delivery: "1" }, 0);
      actor.plan.fault = inOrder<Fault>(isPart, late, true);
      await actor.addPart({ ...draft, part: "1", delivery: "1" }, 0);
    });
    const other = liveAs(world, "other", {}, async (actor) => {
      await actor.rest(afterMs + random.between(0.01, 1) * GRACE_MS);
      const again = random.chance(0.3);
      if (again) await actor.addPart({ ...draft, part: "1", delivery: "2" }, 0);
      await actor.commitDraft(draft, again ? ["0", "1"] : undefined);
      await actor.load("a", "latest");
    });
    await Promise.all([other, collecting(world, 5, [0.5, 0.9])]);
  },
};

const UNIT = 1000;
const UNITS = 24;

/** Clients send pieces of an upload while processes are killed and deletions fail. */
export const pieces: Schedule = {
  name: "pieces",
  weight: 3,
  settings: () => ({ versioned: true, mutable: false }),
  async run(world) {
    const { random, system } = world;
    const content = Uint8Array.from({ length: UNITS * UNIT }, (_, i) => Math.floor(i / 7) ^ i);
    const id = await (await world.actor("first"))!.beginUpload(content.byteLength);
    if (id === undefined) return;
    const rates = random.pick([{}, { lostReply: 0.1, lostRequest: 0.05, unavailable: 0.05 }, {
      late: 0.1,
      slow: 0.05,
    }]);
    const keeps = random.pick([0, 0.5, 1]);
    const clients = [1, 2].map(async (n) => {
      for (let life = 0; life < 4; life++) {
        const random = world.random.fork();
        const faults = createRandomFaults({ random, rates });
        const fault: typeof faults = (call) =>
          call.verb === "delete" && random.chance(keeps) ? { kind: "unavailable" } : faults(call);
        await liveAs(world, `client ${n} ${life}`, { fault, retryForMs: 1_000 }, async (actor) => {
          if (random.chance(0.6)) {
            system.scheduler.at(system.now() + random.between(10, 500), () => actor.process.kill());
          }
          for (let tries = 0; tries < 6; tries++) {
            const offset = await actor.uploadOffset(id);
            if (offset === content.byteLength) break;
            if (offset === undefined) continue;
            const bytes = Math.min(
              content.byteLength - offset,
              random.pick([4, 4, 8, 12, 24, 5]) * UNIT,
            );
            await actor.appendPiece(id, { content, offset, bytes });
          }
        });
      }
    });
    await Promise.all(clients);
    const last = (await world.actor("last"))!;
    for (let tries = 0; tries < 6; tries++) {
      const offset = await last.uploadOffset(id);
      if (offset === undefined || offset === content.byteLength) break;
      const bytes = Math.min(content.byteLength - offset, 4 * UNIT);
      await last.appendPiece(id, { content, offset, bytes });
    }
    await last.readUpload(id, content);
  },
};

const ALL_PARTS = ["0", "1", "2"];
/** Commits take all parts, name some, or drafts may be discarded. */
const WAYS = ["all", "named", "discarded"] as const;

const isEnding = ({ verb, key }: StoreCall) => verb === "put" && key.endsWith("ending");

/** Everything happens to a few drafts within a second; some commits pause before they close one. */
export const besideCommits: Schedule = {
  name: "beside-commits",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.3) }),
  prepare({ sites: [main] }) {
    main.disturbs = true; // a part may not be there yet
  },
  async run(world) {
    const { random } = world;
    const rates = random.pick([{}, {}, {
      lostReply: 0.1,
      lostRequest: 0.05,
      hiddenRetry: 0.1,
      unavailable: 0.05,
    }, {
      late: 0.1,
      slow: 0.1,
    }]);
    const ways = ["all" as const, "all" as const, random.pick(WAYS)]
      .map((way, n) => ({ way, id: String(n) }));
    const workers = ALL_PARTS.flatMap((part) => [1, 2].map((n) => ({ part, n }))).map((
      { part, n },
    ) =>
      killed(world, `worker ${part} ${n}`, rates, async (actor) => {
        for (const { id } of ways) {
          await actor.rest(random.between(0, 300));
          for (let tries = 0; tries < 3; tries++) {
            if (
              await actor.addPart({
                name: "a",
                id,
                part,
                delivery: actor.process.name.replaceAll(" ", "_") + tries,
              }, 0)
            ) break;
            await actor.rest(random.between(0, 100));
          }
        }
      })
    );
    const committers = [1, 2, 3].map((n) =>
      killed(world, `committer ${n}`, rates, async (actor) => {
        const ms = random.between(50, 300);
        if (random.chance(0.5)) actor.plan.pause = inOrder(isEnding, [{ ms, at: "send" }], true);
        for (const { id, way } of ways) {
          await actor.rest(random.between(0, 400));
          for (let tries = 0; tries < 3; tries++) {
            if (way === "discarded" && random.chance(0.3)) {
              await actor.discardDraft({ name: "a", id });
            }
            const named = way === "named" ? ALL_PARTS.slice(0, 1 + random.int(3)) : undefined;
            await actor.commitDraft({ name: "a", id }, named);
            await actor.rest(random.between(0, 200));
          }
        }
      })
    );
    await Promise.all([...workers, ...committers]);
    for (const { id } of ways) await (await world.actor("last"))?.commitDraft({ name: "a", id });
  },
};

/** A process that may be killed, and then repeats its work. */
async function killed(
  world: World,
  name: string,
  rates: Parameters<typeof createRandomFaults>[0]["rates"],
  life: (actor: Actor) => Promise<void>,
): Promise<void> {
  const { random, system } = world;
  for (let n = 0; n < 2; n++) {
    const fault = createRandomFaults({ random: random.fork(), rates });
    const killAt = random.chance(0.5) ? random.between(0, 600) : undefined;
    let isDone = false;
    await liveAs(world, `${name} (${n})`, { fault, retryForMs: 2_000 }, async (actor) => {
      if (killAt !== undefined) {
        system.scheduler.at(system.now() + killAt, () => actor.process.kill());
      }
      await life(actor);
      isDone = true;
    });
    if (isDone) return;
  }
}

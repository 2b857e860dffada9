// Drafts: several add parts, each more than once, long after one another, and several commit, while
// janitors clear up.
import { createRandomFaults } from "../../random_faults.ts";
import { GRACE_MS } from "../../world.ts";
import type { Schedule } from "../schedule.ts";
import { liveAs, smallValue } from "../schedule.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const PARTS = ["0", "1"];
/** The draft whose commits take all parts. */
const ALL = "z";

/** Parts are added and drafts are committed at all ages, by processes that lose replies, are late and are killed. */
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
    const workers = PARTS.flatMap((part) => [1, 2].map((n) => ({ part, n }))).map(({ part, n }) =>
      liveAs(world, `worker ${part} ${n}`, { fault: fault(), retryForMs: 3_000 }, async (actor) => {
        for (const id of ids) {
          await actor.rest(rest());
          for (let tries = 0; tries < 2; tries++) {
            const chunkMs = random.chance(0.2) ? random.between(0.01, 0.2) * GRACE_MS : 0;
            await actor.addPart({ name: "a", id, part, delivery: `${n}.${tries}` }, chunkMs);
            await actor.rest(random.between(0, 300));
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
    const janitors = [1, 2].map((n) =>
      liveAs(world, `janitor ${n}`, {}, async (actor) => {
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
    await Promise.all([...workers, ...committers, writer, ...janitors]);
  },
};

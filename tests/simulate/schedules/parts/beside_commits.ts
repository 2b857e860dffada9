// Drafts whose parts are added, that are committed and discarded at the same moment, by processes
// that are killed.
import { createRandomFaults } from "../../random_faults.ts";
import type { Actor } from "../../actor.ts";
import type { World } from "../../world.ts";
import { liveAs } from "../schedule.ts";
import type { Schedule } from "../schedule.ts";

const PARTS = ["0", "1", "2"];
/** How a draft is used: commits take all parts, or those that they name; some discard it. */
const WAYS = ["all", "named", "discarded"] as const;

/** Everything happens to a few drafts within a second. */
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
    const ways = [1, 2].map((n) => ({ way: random.pick(WAYS), id: String(n) }));
    const workers = PARTS.flatMap((part) => [1, 2].map((n) => ({ part, n }))).map(({ part, n }) =>
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
        for (const { id, way } of ways) {
          await actor.rest(random.between(0, 400));
          for (let tries = 0; tries < 3; tries++) {
            if (way === "discarded" && random.chance(0.3)) {
              await actor.discardDraft({ name: "a", id });
            }
            const named = way === "named" ? PARTS.slice(0, 1 + random.int(3)) : undefined;
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

/** A process that is killed at some moment, perhaps, and then does its work again. */
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

// Large files that share bytes with the version before, beside everything that removes bytes.
import { Bundle, STREAMED_BYTES } from "../bundle.ts";
import { createRandomFaults, type Random } from "../random.ts";
import { GRACE_MS } from "../world.ts";
import { collecting, liveAs, mostly, NETWORK, type Schedule } from "./schedule.ts";

/** One or two large files; chunks come slowly, now and then. */
function valueOf(random: Random, label: string): Bundle {
  const size = STREAMED_BYTES * random.pick([1, 1, 2]);
  const files = [{ path: "own", label, size }];
  if (random.chance(0.3)) files.push({ path: "second", label: `${label}+`, size });
  const chunkMs = random.chance(0.15) ? random.between(0.001, 0.02) * GRACE_MS : 0;
  return new Bundle(files, chunkMs);
}

export const sharedRanges: Schedule = {
  name: "shared ranges",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  async run(world, { mutable }) {
    const { random } = world;
    const rates = random.pick([{}, {}, NETWORK]);
    const fault = () => createRandomFaults({ random: random.fork(), rates, maxLateMs: GRACE_MS });
    const versions = ["1.0.0", "2.0.0", "3.0.0"];
    const writers = [1, 2].map((n) =>
      liveAs(world, `writer ${n}`, { fault: fault(), retryForMs: 3_000 }, async (actor) => {
        if (random.chance(0.3)) {
          const killAt = world.system.now() + Math.exp(random.between(0, 12));
          world.system.scheduler.at(killAt, () => actor.process.kill());
        }
        for (let saves = 0; saves < 5; saves++) {
          const over = mutable && random.chance(0.3)
            ? { version: random.pick(versions), onConflict: "overwrite" as const }
            : {};
          await actor.save("a", valueOf(random, `save ${n}.${saves}`), over);
          await actor.load("a", "latest", random.chance(0.2) ? GRACE_MS / 2 : 0);
          await actor.rest(mostly(random, 2, 1_000, 1.5 * GRACE_MS));
        }
      })
    );
    const remover = liveAs(world, "remover", {}, async (actor) => {
      for (let n = 0; n < 4; n++) {
        await actor.rest(mostly(random, 1, 2_000, 1.5 * GRACE_MS));
        if (random.chance(0.3)) await actor.prune({ keepLast: 1 });
        else await actor.delete("a", random.pick(versions));
      }
    });
    const draft = liveAs(world, "drafter", {}, async (actor) => {
      await actor.rest(random.between(0, 2) * GRACE_MS);
      await actor.addPart({ name: "a", id: "x", part: "0", delivery: "1" }, 0);
      await actor.commitDraft({ name: "a", id: "x" });
    });
    const collectors = [1, 2].map((n) =>
      collecting(world, 3, [0.5, 1.3], { name: `collector ${n}` })
    );
    await Promise.all([...writers, remover, draft, ...collectors]);
  },
};

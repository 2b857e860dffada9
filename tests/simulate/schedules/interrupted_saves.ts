// Saves that are killed or aborted in a distant store, and go on from the note in a shared cache.
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { notFound } from "../../../core/errors.ts";
import { Bundle } from "../bundle.ts";
import { createRandomFaults, type Random } from "../random.ts";
import { GRACE_MS } from "../world.ts";
import { collecting, liveAs, mostly, NETWORK, type Schedule } from "./schedule.ts";

/** One or two large files and enough small ones for a pack: objects of more than 1 MiB. */
function valueOf(random: Random, label: string): Bundle {
  const small = Array.from({ length: 5 }, (_, n) => ({
    path: `${n}`,
    label: random.chance(0.3) ? `${label} ${n}` : `small ${n}`,
    size: 240 * 1024,
  }));
  const large = ["own", "second"].slice(0, random.pick([1, 1, 2]));
  const size = 1024 * 1024 + 1;
  const files = large.map((path) => ({ path, label: `${label} ${path}`, size }));
  return new Bundle([...files, ...small], random.between(2, 10)); // the pack is stored first
}

/** A store that is not near, and copies objects. */
function distant(inner: Backend): Backend {
  return {
    ...inner,
    kind: "s3",
    async copy(from, to) {
      const object = await inner.get(from);
      if (object === undefined) throw notFound("copy", from, "it does not exist");
      const result = await inner.put(to, await object.bytes());
      return (result.written ? result.info : undefined)!;
    },
  };
}

export const interruptedSaves: Schedule = {
  name: "interrupted saves",
  weight: 2,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  prepare({ sites: [main] }) {
    main!.view = distant;
  },
  async run(world, { mutable }) {
    const { random, system } = world;
    const cache = createMemoryBackend({ system, id: "cache" });
    const rates = random.pick([{}, {}, NETWORK]);
    const versions = ["1.0.0", "2.0.0", "3.0.0"];
    const live = async (writer: number) => {
      let value = valueOf(random, `${writer}.0`);
      for (let life = 0; life < 4; life++) {
        if (random.chance(0.5)) value = valueOf(random, `${writer}.${life}`);
        const fault = createRandomFaults({ random: random.fork(), rates, maxLateMs: GRACE_MS });
        const options = { fault, retryForMs: 3_000, cache };
        await liveAs(world, `writer ${writer}.${life}`, options, async (actor) => {
          const killAt = system.now() + random.between(50, 400);
          if (random.chance(0.6)) system.scheduler.at(killAt, () => actor.process.kill());
          for (let saves = 0; saves < 2; saves++) {
            const over = mutable && random.chance(0.3)
              ? { version: random.pick(versions), onConflict: "overwrite" as const }
              : {};
            const abortAfterMs = random.chance(0.3) ? random.between(50, 300) : undefined;
            await actor.save("a", value, { ...over, abortAfterMs });
            await actor.load("a", "latest", random.chance(0.2) ? GRACE_MS / 2 : 0);
          }
        });
        await system.sleep(mostly(random, 3, 10_000, 1.5 * GRACE_MS));
      }
    };
    const remover = liveAs(world, "remover", {}, async (actor) => {
      for (let n = 0; n < 3; n++) {
        await actor.rest(mostly(random, 1, 10_000, 1.5 * GRACE_MS));
        await actor.delete("a", random.pick(versions));
      }
    });
    const collectors = [1, 2].map((n) =>
      collecting(world, 3, [0.5, 1.3], { name: `collector ${n}` })
    );
    await Promise.all([live(1), live(2), remover, ...collectors]);
  },
};

// Direct uploads: clients put files into the store early, late, or again after the commit.
import { uploadKey } from "../../../registry/format/layout.ts";
import type { Upload } from "../../../core/registry/transfer.ts";
import { createRandomFaults } from "../random.ts";
import { withVerbs } from "../stores/with_verbs.ts";
import { GRACE_MS, type World } from "../world.ts";
import { collecting, liveAs, mostly, type Schedule, smallValue } from "./schedule.ts";

/** Uploads are committed, sometimes twice, while clients send files and gc runs. */
export const transfers: Schedule = {
  name: "transfers",
  weight: 4,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  prepare({ sites: [main], random }) {
    const own = random.fork();
    main.view = (recorded) => withVerbs(recorded, { random: own, failures: 0.1 });
    main.disturbs = true; // a stranger may not have sent its file yet
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
    const strangers: Promise<void>[] = [];
    const uploaders = [1, 2].map((i) => {
      const fault = createRandomFaults({ random: random.fork(), rates });
      return liveAs(world, `uploader ${i}`, { fault, retryForMs: 3_000 }, async (actor) => {
        for (let n = 0; n < 2; n++) {
          const upload = await actor.createUpload();
          if (upload === undefined) continue;
          strangers.push(send(world, upload));
          await actor.rest(mostly(random, 4, 400, 2 * GRACE_MS));
          for (let tries = 1 + random.int(3); tries > 0; tries--) {
            await actor.commitUpload(
              upload,
              "a",
              random.chance(0.3) ? { version: random.pick(["1.0.0", "2.0.0"]) } : {},
            );
            await actor.rest(random.between(0, 300));
          }
          await actor.load("a", "latest");
        }
      });
    });
    const writer = liveAs(world, "writer", {}, async (actor) => {
      for (let n = 0; n < 3; n++) {
        await actor.save("a", smallValue(`save ${n}`));
        await actor.rest(random.between(0, 500));
      }
    });
    const collector = collecting(world, 2, [0.7, 1.3]);
    await Promise.all([...uploaders, writer, collector]);
    await Promise.all(strangers);
  },
};

/** A client sends the file, and later other content. */
async function send(
  { sites: [main], system, random, labels }: World,
  { id }: Upload,
): Promise<void> {
  const store = main.recorded("stranger");
  for (let n = 0; n < 3; n++) {
    await system.sleep(mostly(random, 5, 300, 1.5 * GRACE_MS));
    const size = random.pick([60, 4_000]);
    await store.put(
      uploadKey(id, 0),
      labels.learnFile({ path: "own", label: `upload ${id} ${n}`, size }),
    );
    if (random.chance(0.4)) return;
  }
}

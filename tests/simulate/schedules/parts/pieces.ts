// Uploads in pieces: requests with checksums, damaged on their way, ended in the middle, by clients
// that go on anywhere.
import { createRandomFaults } from "../../random_faults.ts";
import type { Schedule } from "../schedule.ts";
import { liveAs } from "../schedule.ts";

const UNIT = 1000;
const UNITS = 24;

/** Clients send an upload, each from where it is, while processes are killed and nothing can be deleted at times. */
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
            await actor.appendPiece(id, { content, offset, bytes, damaged: random.chance(0.4) });
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
      await last.appendPiece(id, { content, offset, bytes, damaged: false });
    }
    await last.readUpload(id, content);
  },
};

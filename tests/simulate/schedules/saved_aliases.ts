// Saves that set an alias, repeated after kills by processes with wrong clocks, while a colleague
// moves the same alias.
import { createRandomFaults } from "../random.ts";
import { withShiftedTime } from "../with_shifted_time.ts";
import { GRACE_MS } from "../world.ts";
import { liveAs, NETWORK, type Schedule, smallValue } from "./schedule.ts";

export const savedAliases: Schedule = {
  name: "saved aliases",
  weight: 6,
  settings: ({ random }) => ({ versioned: true, mutable: random.chance(0.5) }),
  prepare({ sites: [main], random }) {
    if (random.chance(0.5)) return;
    const shiftMs = ({ modifiedAt }: { modifiedAt: number }) => -(modifiedAt % 1000);
    main!.view = (recorded) => withShiftedTime(recorded, { shiftMs }); // whole seconds, as in S3
  },
  async run(world) {
    const { random, system } = world;
    const rates = random.pick([{}, {}, NETWORK]);
    await liveAs(world, "founder", {}, async (actor) => {
      for (const version of ["1.0.0", "2.0.0"]) {
        await actor.save("a", smallValue("the same"), { version, alias: "live" });
      }
    });
    const rest = () =>
      random.pick([
        random.between(0, 100),
        random.between(0, 2_000),
        random.between(0, 0.5) * GRACE_MS,
      ]);
    const savers = ["x", "y"].flatMap((job) =>
      [1, 2, 3].map((attempt) => {
        const own = random.fork();
        const fault = createRandomFaults({ random: own.fork(), rates });
        const skewMs = own.pick([0, 1, -1]) * own.between(0, 0.2) * GRACE_MS;
        const options = { fault, skewMs, retryForMs: 3_000 };
        return liveAs(world, `job ${job} ${attempt}`, options, async (actor) => {
          await actor.rest(attempt * rest());
          if (attempt < 3 && own.chance(0.7)) {
            system.scheduler.at(system.now() + own.between(0, 200), () => actor.process.kill());
          }
          const value = own.chance(0.5) ? smallValue("the same") : smallValue(job);
          const skips = job === "y" ? { skipIfUnchanged: true } : {};
          await actor.save("a", value, { ...skips, alias: "live", idempotencyKey: job });
          await actor.load("a", "live");
        });
      })
    );
    const colleagues = [1, 2].map((n) => {
      const skewMs = random.between(-0.2, 0.2) * GRACE_MS;
      return liveAs(world, `colleague ${n}`, { skewMs }, async (actor) => {
        for (let turn = 0; turn < 3; turn++) {
          await actor.rest(rest());
          await actor.setAlias("a", "live", random.pick(["1.0.0", "2.0.0"]));
          if (random.chance(0.2)) await actor.deleteAlias("a", "live");
        }
      });
    });
    await Promise.all([...savers, ...colleagues]);
  },
};

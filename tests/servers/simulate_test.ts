import { assert, assertEquals } from "@std/assert";
import { runSeed } from "../simulate/run_seed.ts";
import { withSimulatedTime } from "../simulate/stores/with_simulated_time.ts";
import { seedRange } from "../support/seeds.ts";
import { REAL_SERVERS } from "../support/servers/mod.ts";
import { testOnServers } from "./server_world.ts";

const { firstSeed, seeds } = seedRange(6, "HOLDFAST_SERVER_SEEDS");
/** Seeds that are played at once: each has a world and a prefix of its own. */
const AT_ONCE = 4;

testOnServers("simulated schedules run as in memory", REAL_SERVERS, async ({ prefix, store }) => {
  let seed = firstSeed;
  const differing: number[] = [];
  const run = async (mine: number, at: string) => {
    const inner = store({ prefix: `${prefix}/${at}` });
    const { schedule, findings, traceHash } = await runSeed(mine, {
      store: (world) => withSimulatedTime(inner, world),
    });
    assertEquals(findings, [], `seed ${mine} ("${schedule}") broke a promise`);
    return traceHash;
  };
  const play = async () => {
    while (seed < firstSeed + seeds) {
      const mine = seed++;
      const { traceHash } = await runSeed(mine);
      if (await run(mine, `${mine}`) !== traceHash) differing.push(mine);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, play));
  // A busy server replies late, and its client repeats the request: one at a time, it soon does not.
  for (const mine of differing) {
    const { traceHash } = await runSeed(mine);
    let tries = 0;
    while (await run(mine, `${mine}-${++tries}`) !== traceHash) {
      assert(tries < 5, `the schedule of seed ${mine} goes another way each time`);
    }
  }
});

import { assertEquals, assertRejects } from "@std/assert";
import { silentLogger } from "../../../../core/system.ts";
import type { JobHandler } from "../../../../extensions/queues/queue.ts";
import { cancelRun, planPipeline } from "../../../../operators/runner/mod.ts";
import { endCancelled } from "../../../../operators/runner/carry/end_cancelled.ts";
import { saveRun } from "../../../../operators/runner/records/run_record.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { testInWorld, threeSteps } from "../world.ts";

/** Never ends by itself, as a process whose function does not yield. */
const busy: JobHandler = (_, { signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

const job = (run: string) => ({
  id: "step.1",
  group: run,
  kind: "step",
  data: { run, step: "clean" },
});

testInWorld(
  "a step that ignores the end of its run is ended, and the end recorded",
  async (here) => {
    const { registry } = here;
    await registry.save("data:raw", "a");
    const run = await saveRun(registry, await planPipeline(threeSteps(), here));
    const system = createScriptedSystem();
    let calls = 0;
    const handler = endCancelled((job, options) => {
      return ++calls === 1 ? busy(job, options) : { exitCode: 1, aborted: options.signal.aborted };
    }, { registry, system, logger: silentLogger });
    const options = { signal: new AbortController().signal, onProgress() {} };
    const ending = handler(job(run), options);
    await cancelRun(registry, run);
    assertEquals(await ending, { exitCode: 1, aborted: false });
    assertEquals(calls, 2);
  },
);

testInWorld("a step that is handed back is not executed again", async (here) => {
  let calls = 0;
  const handler = endCancelled((job, options) => (calls++, busy(job, options)), {
    registry: here.registry,
    system: createScriptedSystem(),
    logger: silentLogger,
  });
  const back = new AbortController();
  const ending = handler(job("nightly@1"), { signal: back.signal, onProgress() {} });
  back.abort(new Error("handed back"));
  await assertRejects(() => Promise.resolve(ending), Error, "handed back");
  assertEquals(calls, 1);
});

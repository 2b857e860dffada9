// A forged record fails what reads it with an error that names it, and nothing else.
import { assert, assertEquals } from "@std/assert";
import { isRegistryError } from "../../../../core/errors.ts";
import { openRegistry } from "../../../../mod.ts";
import { planPipeline, runPipeline, runStep, submitRun } from "../../../../operators/runner/mod.ts";
import { createQueueEngine } from "../../../../operators/engines/queue.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { pipeline, step } from "../pipelines.ts";
import { testInWorld } from "../world.ts";
import { forge, forged } from "./forged.ts";

const steps = (id: string) =>
  pipeline([
    step("clean", { inputs: { data: "registry:data:raw" }, outputs: { text: "registry:text" } }),
    step("train", { inputs: { text: "step:clean" } }),
  ], { id });

testInWorld("a forged record is Corrupt, or changes no type", async (here) => {
  const { registry } = here;
  await registry.save("data:raw", "a ");
  await runPipeline(steps("nightly"), here);
  await using queue = createMemoryQueue();
  const carry = { engine: createQueueEngine(queue) };
  const places: string[] = [];
  for (const name of ["step:clean", "run"]) {
    const { info } = await registry.open(`nightly:${name}`);
    const file = (await registry.open(`nightly:${name}`)).file("record.json");
    const record = JSON.parse(new TextDecoder().decode(await file.bytes()));
    for (const { path, value } of forged(record)) {
      await using other = await openRegistry("memory:");
      await other.save("data:raw", "a ");
      const options = { ...here, registry: other };
      const place = `${name} ${path}`;
      try {
        if (name === "run") {
          const run = await submitRun(steps("nightly"), { ...options, carry });
          await other.delete("nightly:run", { allVersions: true });
          await forge(other, { ...info, version: "2.0.0" }, value);
          await runStep(steps("nightly"), {
            ...options,
            run: run.replace("@1", "@2"),
            step: "clean",
          });
        } else {
          await forge(other, { ...info, name: "nightly:step:clean" }, value);
          await planPipeline(steps("nightly"), options);
        }
      } catch (error) {
        const isClean = isRegistryError(error) && error.code !== "TaskFailed";
        assert(isClean, `${place}: ${error instanceof Error ? error.stack : error}`);
        if (error.code === "Corrupt") places.push(place);
      }
    }
  }
  assertEquals(places.length > 100, true);
});

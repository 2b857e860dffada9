// Points of runs that have many parts.
import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../../backends/memory.ts";
import { realSystem } from "../../../../../core/system.ts";
import { withHooks } from "../../../../registry/with_hooks.ts";
import { failureOf, openMlflow } from "../open_mlflow.ts";

/** Opens a service on a store where the list of a run takes a second. */
async function open(backend = createMemoryBackend()) {
  const counts = { lists: 0, ms: 0 };
  const slow = withHooks(backend, {
    before({ verb, key }) {
      if (verb !== "list" || !/^drafts\/digits\/[^/]+\/$/.test(key)) return;
      counts.lists++;
      counts.ms += 1000;
    },
  });
  const system = { ...realSystem, monotonic: () => counts.ms };
  return { counts, service: await openMlflow({ backend: slow, system }) };
}

Deno.test("points of a long run cost no list of its parts for a while", async () => {
  const { counts, service } = await open();
  await using _ = service;
  const run_id = await service.begin("digits");
  const log = (step: number) =>
    service.post("runs/log-metric", { run_id, key: "loss", value: step, timestamp: step, step });
  await log(0);
  counts.lists = 0;
  for (let step = 1; step < 20; step++) await log(step);
  assertEquals(counts.lists, 0);
  counts.ms += 60_000;
  await log(20);
  assert(counts.lists > 0);
  await service.end(run_id);
  assertEquals((await service.values(run_id, "loss")).length, 21);
});

Deno.test("a long run that another service has ended takes further points in its next version", async () => {
  const backend = createMemoryBackend();
  const { service } = await open(backend);
  await using _ = service;
  await using other = await openMlflow({ backend });
  const run_id = await service.begin("digits");
  const log = (step: number) =>
    service.post("runs/log-metric", { run_id, key: "loss", value: step, timestamp: step, step });
  await log(0);
  await log(1);
  await other.end(run_id);
  await log(2);
  assertEquals(await other.values(run_id, "loss"), [[0, 0], [1, 1], [2, 2]]);
  await other.post("runs/delete", { run_id });
  assertEquals((await failureOf(log(3))).status, 400);
});

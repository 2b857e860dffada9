import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import type { PlainValue } from "../../../core/text/plain_value.ts";
import { createQueueEngine, createStepHandler } from "../../../operators/engines/queue.ts";
import { createMemoryQueue } from "../../../extensions/queues/memory.ts";

/** Forged jobs, from somebody who may write to the queue. */
const FORGED: readonly PlainValue[] = [
  null,
  "step",
  7,
  [],
  {},
  { run: "nightly@1" },
  { run: "nightly@1", step: 7 },
  { run: "nightly@1", step: "clean", shard: null },
  { run: "nightly@1", step: "clean", shard: "0/3" },
  { run: "nightly@1", step: "clean", shard: { index: 0, count: 1e300 } },
  { run: "nightly@1", step: "clean", shard: { index: -1, count: 3 } },
  { run: "nightly@1", step: "clean", shard: { index: 3, count: 3 } },
  { run: "nightly@1", step: "clean", timeoutMs: "soon" },
];

Deno.test("forged jobs are not listed, and hide no step", async () => {
  await using queue = createMemoryQueue();
  const engine = createQueueEngine(queue);
  const place = { run: "nightly@1", cwd: "/", command: [], env: {}, resources: {} };
  await engine.submit({ ...place, step: "clean", name: "clean-1" });
  await engine.submit({ ...place, step: "split", name: "split-1", shards: 3 });
  for (const [index, data] of FORGED.entries()) {
    await queue.add({ id: `step.forged-${index}`, group: "nightly@1", kind: "step", data });
  }
  const listed = await engine.list("nightly@1");
  assertEquals(listed.map(({ id, step, state }) => [id, step, state]), [
    ["clean-1", "clean", "waiting"],
    ["split-1.x3", "split", "waiting"],
  ]);
});

Deno.test("a worker refuses forged jobs", async () => {
  const commands: unknown[] = [];
  const handler = createStepHandler((step) => {
    commands.push(step);
    return { command: ["true"], cwd: "/" };
  });
  const { signal } = new AbortController();
  for (const data of FORGED) {
    const job = { id: "forged", group: "nightly@1", kind: "step", data };
    const error = await assertRejects(
      async () => await handler(job, { signal, onProgress() {} }),
      RegistryError,
    );
    assertEquals(error.code, "Invalid", JSON.stringify(data));
  }
  assertEquals(commands, []);
});

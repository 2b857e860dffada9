// The list of runs with their metrics: each point is read once.
import { assertEquals } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { openRegistry } from "../../../../mod.ts";
import { discardRun, openRun } from "../../../../extensions/runs/mod.ts";
import { withHooks } from "../../../registry/with_hooks.ts";

interface Listed {
  id: string;
  state: string;
  points: number;
  metrics?: Record<string, unknown>;
}

Deno.test("runs that are not finished are listed with their last and best values", async () => {
  let reads = 0;
  const backend = withHooks(createMemoryBackend(), { before: () => void reads++ });
  await using registry = await openRegistry(backend);
  await using handler = createHandler(registry);
  const list = async (query: string) => {
    const answer = await handler(new Request(`http://localhost/logged-runs?${query}`));
    const { items } = await answer.json() as { items: Listed[] };
    return items.map(({ id, metrics }) => [id, metrics]);
  };
  await using run = await openRun(registry, "m", { id: "a" });
  await using failed = await openRun(registry, "m", { id: "b" });
  await using silent = await openRun(registry, "m", { id: "c" });
  run.log({ step: 1, loss: 0.25, val: { accuracy: 0.5 } });
  run.log({ step: 2, loss: 0.5, state: "warm" });
  failed.log({ step: 1, loss: NaN });
  for (const each of [run, failed, silent]) await each.flush();
  await failed.fail("out of memory");
  const before = [
    ["a", { loss: 0.5, "loss.min": 0.25, val: { accuracy: 0.5 }, state: "warm" }],
    ["b", { loss: "NaN" }],
    ["c", {}],
  ];
  assertEquals(await list("name=m&metrics=true"), before);
  assertEquals(await list("name=m"), before.map(([id]) => [id, undefined]));

  reads = 0;
  await list("name=m");
  const ofList = reads;
  reads = 0;
  assertEquals(await list("name=m&metrics=true"), before);
  assertEquals(reads, ofList); // no point is read again

  run.log({ step: 3, loss: 0.125 });
  await run.flush();
  const both = await Promise.all([list("metrics=true"), list("metrics=true")]);
  const after = [
    ["a", { loss: 0.125, "loss.min": 0.125, val: { accuracy: 0.5 }, state: "warm" }],
    ...before.slice(1),
  ];
  assertEquals(both, [after, after]);

  await discardRun(registry, "m", { id: "b" });
  await run.finish();
  assertEquals(await list("metrics=true"), [["c", {}]]);
});

import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend, openRegistry } from "../../mod.ts";
import { createCallsGroup } from "./calls.ts";
import { withCounts } from "./counted_backend.ts";
import { runGroup } from "./measure.ts";

Deno.test("a small value costs one backend call to save under a new version, and at most three to load", async () => {
  const group = await createCallsGroup();
  const made = new Map<string, string>();
  for (const { measure } of await runGroup(group, 1)) {
    made.set(measure.name, String(measure.facts!().calls));
  }
  await group[Symbol.asyncDispose]();
  assertEquals(made.get("save, new name, explicit version"), "put 1");
  assertEquals(made.get("save, next of 10 versions"), "list 1, put 1");
  assertEquals(made.get("load, alias"), "list 1, get 2");
  for (
    const verb of [
      "load, explicit version",
      "load, latest",
      "load, range",
      "load, alias",
      "info",
      "has",
    ]
  ) {
    const calls = made.get(verb)!.split(", ").reduce(
      (sum, call) => sum + Number(call.split(" ")[1]),
      0,
    );
    assert(calls <= 3, `${verb}: ${made.get(verb)}`);
  }
});

Deno.test("the latest of 1,000 versions costs the backend calls that the latest of 10 costs", async () => {
  const { backend, calls } = withCounts(createMemoryBackend());
  const registry = await openRegistry(backend);
  const costs: string[] = [];
  for (let i = 1; i <= 1_000; i++) {
    await registry.save("name", i, { version: `0.0.${i}` });
    if (i !== 10 && i !== 1_000) continue;
    calls.take();
    assertEquals(await registry.load("name"), i);
    costs.push(calls.take());
  }
  assertEquals(costs[0], costs[1]);
});

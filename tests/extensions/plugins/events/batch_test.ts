import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import type { RegistryTopics } from "../../../../extensions/plugins/events/mod.ts";
import { createMemoryBus } from "../../../../extensions/plugins/events/memory.ts";
import { createBatch } from "../../../../workers/mod.ts";

Deno.test("saves of a batch publish events", async () => {
  await using bus = createMemoryBus<RegistryTopics>();
  await using events = bus.listen("registry.saved");
  await using registry = await openRegistry("memory:", { events: bus });
  await using batch = createBatch(registry, { workers: 1 });
  await batch.saveMany([{ name: "batched", value: new Uint8Array(300_000) }]);
  for await (const { payload } of events) {
    assertEquals([payload.name, payload.size], ["batched", 300_000]);
    break;
  }
});

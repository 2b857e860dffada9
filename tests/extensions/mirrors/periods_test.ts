import { assertEquals } from "@std/assert";
import { openHttpRegistry } from "../../../apps/client.ts";
import { createHandler } from "../../../apps/server.ts";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { HOUR, testProtocol } from "../../registry/protocol_world.ts";

testProtocol("prune() keeps the same days in a mirror, a copy and a service", {}, async (world) => {
  const { registry, system } = world;
  for (let i = 1; i <= 30; i++) {
    await registry.save("a", i);
    world.advance(24 * HOUR);
  }
  const store = createMemoryBackend({ system });
  for (const key of await world.keys()) {
    await store.put(key, await (await world.store.get(key))!.bytes());
  }
  const copy = await openRegistry(store, { system });
  const mirror = await openRegistry(createMemoryBackend({ system }), { system });
  await mirrorRegistry(registry, mirror);
  const handler = createHandler(mirror);
  const service = await openHttpRegistry("http://127.0.0.1", { fetch: handler });
  const rules = { keepDaily: 7, keepWeekly: 3 };
  const { kept, deleted } = await prune(registry, { ...rules, dryRun: true });
  assertEquals([kept, deleted.length], [8, 22]);
  for (const each of [copy, mirror, service]) {
    const report = await prune(each, { ...rules, dryRun: true });
    assertEquals([report.kept, report.deleted], [kept, deleted]);
  }
  await handler.close();
});

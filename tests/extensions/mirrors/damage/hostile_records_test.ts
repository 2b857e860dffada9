import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { LISTS, testHostile } from "../../../registry/damage/hostile_records.ts";
import { createWorld } from "../../../registry/damage/hostile_world.ts";
import { keysOf } from "../../../registry/registries.ts";

testHostile("leaves the rest of a mirror whole", async ({ registry }, about) => {
  const to = await openRegistry(createMemoryBackend(), { mutable: true, retryForMs: 1 });
  for (const verify of [false, true]) { // the second meets it in the notes, and in the target
    await mirrorRegistry(registry, to, { verify }).catch((error) => {
      throw new Error(`${about}: mirror: ${error.stack}`);
    });
    assertEquals(await to.load("b@2"), 2, about);
  }
  await mirrorRegistry(to, registry).catch((error) => {
    throw new Error(`${about}: mirror into it: ${error.stack}`);
  });
});

for (const [what, text] of Object.entries(LISTS)) {
  Deno.test(`mirror notes that are ${what} only cost reads`, async () => {
    const world = await createWorld();
    const to = createMemoryBackend();
    const target = await openRegistry(to, { mutable: true });
    await mirrorRegistry(world.registry, target);
    for (const key of await keysOf(to, "mirrors/")) {
      await to.put(key, new TextEncoder().encode(`${sha256(text)}\n${text}`));
    }
    await world.registry.save("b", "new");
    const { copied, failures } = await mirrorRegistry(world.registry, target);
    assertEquals([copied, failures], [1, []]);
  });
}

// What a mirror reports as there already survives a power cut.
import { assertEquals } from "@std/assert";
import { mirrorRegistry, openRegistry } from "../../../mod.ts";
import { filler } from "../protocol_world.ts";
import { createPoweredStore } from "../with_power_cut.ts";

Deno.test("what a mirror finds equal is on the disk before it says so", async () => {
  const source = await openRegistry("memory:");
  await source.save("a", "small");
  await source.save("a", filler("large"));
  await source.save("a", "gone");
  await source.delete("a@3");
  await source.setAlias("a", "live", "2");
  const powered = createPoweredStore();
  const target = await openRegistry(powered.writer());
  await mirrorRegistry(source, await openRegistry(powered.writer(/^(names|objects)/)));
  for await (const entry of powered.store.list("mirrors/")) {
    await powered.store.delete("key" in entry ? entry.key : "");
  }
  await mirrorRegistry(source, target, { dryRun: true });
  assertEquals(powered.unsafe().length > 0, true);
  await mirrorRegistry(source, target);
  assertEquals(powered.unsafe(), []);
  await powered.cut();
  const after = await openRegistry(powered.writer());
  assertEquals(await after.load("a@live"), filler("large"));
  assertEquals(await after.load("a@1"), "small");
  assertEquals(
    (await after.save("a", "next")).version,
    "4.0.0",
    "what was deleted there stays used",
  );
});

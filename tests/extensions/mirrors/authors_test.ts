import { assertEquals } from "@std/assert";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { createMemoryBackend, openRegistry, readLog } from "../../../mod.ts";
import type { Registry } from "../../../mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { annotate } from "../../../registry/mod.ts";
import { withAge } from "../../registry/with_age.ts";

async function logged(registry: Registry, name: string): Promise<(string | undefined)[][]> {
  const entries = await Array.fromAsync(readLog(registry, name));
  return entries
    .filter(({ event, by }) => event !== "saved" || by !== undefined) // not of deleted versions
    .map(({ event, by }) => [event, by?.name])
    .toReversed();
}

Deno.test("mirrors keep the authors of originals", async () => {
  const from = await openRegistry(createMemoryBackend(), { by: "alice" });
  await from.save("m", 1);
  await from.save("m", 2);
  await from.setAlias("m", "production", "1");
  await annotate(from, "m@1", { notes: "checked" });
  const to = await openRegistry(createMemoryBackend(), { by: "mirror" });
  const copy = await openRegistry(createMemoryBackend(), { by: "second mirror" });
  await mirrorRegistry(from, to);
  await from.deleteAlias("m", "production");
  await from.delete("m@2");
  const options = { deleted: true };
  await mirrorRegistry(from, to, options);
  await mirrorRegistry(to, copy, options);
  for (const registry of [to, copy]) {
    assertEquals((await registry.info("m@1", { annotations: true })).by, { name: "alice" });
    const events = await logged(registry, "m");
    assertEquals(events.filter(([, by]) => by !== "alice").map(([event]) => event), []);
  }
});

Deno.test("the longest name fits each record of a mirror, or is left out", async () => {
  const longest = "é".repeat(50);
  const from = await openRegistry(createMemoryBackend(), { by: longest });
  for (const version of ["1.0.0", "2.0.0"]) {
    await from.save("m", version, { version });
    await from.setAlias("m", "a", version);
  }
  await from.deleteAlias("m", "a");
  const store = createMemoryBackend();
  const to = await openRegistry(store);
  await mirrorRegistry(from, to);
  await from.delete("m@2");
  await mirrorRegistry(from, to, { deleted: true });
  const old = await openRegistry(withAge(store, 400 * 24 * 3_600_000));
  await collectGarbage(old);
  assertEquals((await verifyRegistry(to)).problems, []);
  const [alias] = await Array.fromAsync(to.history("m", "a"));
  assertEquals([alias?.version, alias?.by], [undefined, undefined]); // no room beside its origin
});

Deno.test("an alias that a mirror sets back has the author of the original", async () => {
  const from = await openRegistry(createMemoryBackend(), { by: "alice" });
  for (const value of [1, 2]) await from.save("m", value);
  await from.setAlias("m", "production", "1");
  const to = await openRegistry(createMemoryBackend(), { by: "mirror" });
  await mirrorRegistry(from, to);
  await to.setAlias("m", "production", "2");
  await mirrorRegistry(from, to);
  const changes = await Array.fromAsync(to.history("m", "production"));
  assertEquals(changes.map(({ version, by }) => [version, by?.name]), [
    ["1.0.0", "alice"],
    ["2.0.0", "mirror"],
    ["1.0.0", "alice"],
  ]);
});

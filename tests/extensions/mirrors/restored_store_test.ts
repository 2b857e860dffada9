import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { copyOf, restore, withKeptTimes } from "../../simulate/stores/with_kept_times.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";

Deno.test("a mirror of a restored store reports what differs, and skips nothing by its notes", async () => {
  const system = createScriptedSystem();
  const memory = createMemoryBackend({ system });
  const kept = new Map();
  const from = await openRegistry(withKeptTimes(memory, kept), { system });
  const to = await openRegistry(createMemoryBackend({ system }), { system });
  await from.save("m", "first");
  const copy = await copyOf(from.backend);
  system.advance(60_000);
  await from.save("m", "lost");
  await mirrorRegistry(from, to);
  system.advance(60_000);
  await mirrorRegistry(from, to);
  await restore(memory, copy, kept);
  system.advance(60_000);
  await from.save("m", "new");
  const { failures } = await mirrorRegistry(from, to);
  assertEquals(failures.map(({ version }) => version), ["2.0.0"]);
  await from.save("m", "newer");
  assertEquals((await mirrorRegistry(from, to)).copied, 1);
  assertEquals(await to.load("m@3"), "newer");
});

// A value of too many files is refused before any of them is stored.
import { assertEquals } from "@std/assert";
import { openRun } from "../../../extensions/runs/mod.ts";
import type { Materializer } from "../../../materializers/mod.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { rejected } from "../../registry/rejected.ts";
import { createScriptedBackend } from "../../registry/scripted_backend.ts";

class Many {}

/** Its files are more than 256 MiB in a list, of one string. */
const many: Materializer<Many> = {
  id: "test/many",
  formatVersion: 1,
  accepts: (value) => value instanceof Many,
  save: () => Array(1_400).fill({ path: "a".repeat(200_000), content: new Uint8Array(1) }),
  load: () => new Many(),
};

Deno.test("a run whose value has too many files is not finished", async () => {
  const backend = createScriptedBackend(createMemoryBackend());
  const registry = await openRegistry(backend);
  const run = await openRun(registry, "m", { id: "1" });
  backend.forget();
  await rejected("Invalid", run.finish(new Many(), { as: many }), /over 268435456 bytes/);
  assertEquals(backend.asked({ verb: "put" }), []);
  await run.close();
  await registry.close();
});

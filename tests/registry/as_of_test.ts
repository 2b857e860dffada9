import { loadMany } from "../../registry/contract/many.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { createMemoryBackend, defineRegistry, openRegistry } from "../../mod.ts";
import type { Registry, StoredRegistry } from "../../mod.ts";
import { realSystem } from "../../core/system.ts";
import { uuidv7 } from "../simulate/simulated_system.ts";
import { rejected } from "./rejected.ts";

const DAY_MS = 86_400_000;
const START = Date.parse("2026-03-01T00:00:00Z");

/** A registry whose writers have the clock of the test. */
async function onDays(options: { mutable?: boolean } = {}) {
  let day = 0;
  const at = (which: number) => new Date(START + which * DAY_MS);
  const now = () => at(day).getTime();
  const id = () => uuidv7(now(), Uint8Array.from({ length: 10 }, () => realSystem.random() * 256));
  const system = { ...realSystem, now, id };
  const registry = await openRegistry(createMemoryBackend({ system }), { ...options, system });
  return { registry, at, on: (which: number) => day = which };
}

/** Three versions; `production` pointed to the first, then to the third, then nowhere. */
async function filled() {
  const world = await onDays();
  const { registry, on } = world;
  for (const [day, version] of [[1, "1"], [3, "2"], [5, "1.1"], [7, "3-rc"]] as const) {
    on(day);
    await registry.save("model", `of day ${day}`, { version });
  }
  on(4);
  await registry.setAlias("model", "production", "1");
  on(6);
  await registry.setAlias("model", "production", "2");
  on(8);
  await registry.deleteAlias("model", "production");
  on(9);
  return world;
}

/** The same registry with only the required members. */
function byContract(registry: StoredRegistry): Registry {
  const { location, id, settings, materializers } = registry;
  return defineRegistry({
    location,
    id,
    settings,
    materializers,
    open: (ref, options) => registry.open(ref, options),
    names: (options) => registry.names(options),
    versions: (name, options) => registry.versions(name, options),
    history: (name, alias, options) => registry.history(name, alias, options),
  });
}

Deno.test("asOf resolves latest, ranges and aliases in the past", async () => {
  const { registry, at } = await filled();
  for (const each of [registry, byContract(registry)]) {
    const version = async (ref: string, day: number) =>
      (await each.info(ref, { asOf: at(day) })).version;
    assertEquals(await version("model", 2), "1.0.0");
    assertEquals(await version("model", 3), "2.0.0", "the moment itself counts");
    assertEquals(await version("model", 8), "2.0.0", "a prerelease is not the latest");
    assertEquals([await version("model@^1", 4), await version("model@^1", 6)], ["1.0.0", "1.1.0"]);
    assertEquals([await version("model@production", 5), await version("model@production", 7)], [
      "1.0.0",
      "2.0.0",
    ]);
    assertEquals(await version("model@1.1", 5), "1.1.0");
    assertEquals(await each.load("model", { asOf: at(4) }), "of day 3");
    assertEquals(await each.load("model", { version: "production", asOf: at(5) }), "of day 1");
    const opened = await each.open("model@production", { asOf: at(5) });
    assertEquals(opened.info.version, "1.0.0");
    const { results } = await loadMany(each, ["model", "model@production"], { asOf: at(5) });
    assertEquals(results.map((result) => result.ok && result.value), ["of day 3", "of day 1"]);
  }
});

Deno.test("asOf of a missing version is NotFound with the reason", async () => {
  const { registry, at } = await filled();
  const why = async (ref: string, day: number) => {
    assertEquals(await registry.has(ref, { asOf: at(day) }), false);
    return (await rejected("NotFound", registry.load(ref, { asOf: at(day) }))).message;
  };
  assertStringIncludes(
    await why("model", 0),
    'Cannot find "model" as of 2026-03-01T00:00:00.000Z: it had no version yet',
  );
  assertStringIncludes(await why("model@1.1", 4), "it was saved at 2026-03-06T00:00:00.000Z");
  assertStringIncludes(await why("model@production", 3), "the alias did not exist yet");
  assertStringIncludes(await why("model@production", 8), "the alias was deleted before");
  await why("model@nosuch", 8);
  await why("nosuch", 8);
  assertEquals(await registry.has("model@production", { asOf: at(7) }), true);
});

Deno.test("asOf never replaces a deleted version by another", async () => {
  const { registry, at, on } = await filled();
  on(10);
  await registry.delete("model@2");
  const error = await rejected("NotFound", registry.info("model", { asOf: at(4) }));
  assertStringIncludes(
    error.message,
    "version 2.0.0 was deleted since, at 2026-03-11T00:00:00.000Z",
  );
  const alias = await rejected("NotFound", registry.info("model@production", { asOf: at(7) }));
  assertStringIncludes(alias.message, "the alias pointed to 2.0.0, which was deleted since");
  assertEquals(
    (await registry.info("model", { asOf: at(2) })).version,
    "1.0.0",
    "it was not there on that day",
  );
  assertEquals(
    (await registry.info("model", { asOf: at(11) })).version,
    "1.1.0",
    "it was deleted before",
  );
  assertEquals(
    (await registry.info("model@^1", { asOf: at(4) })).version,
    "1.0.0",
    "it is not in the range",
  );
});

Deno.test("asOf of an overwritten version is NotFound", async () => {
  const { registry, at, on } = await onDays({ mutable: true });
  on(1);
  await registry.save("model", 1, { version: "1" });
  on(3);
  await registry.save("model", 2, { version: "1", onConflict: "overwrite" });
  for (const ref of ["model", "model@1", "model@^1"]) {
    const { message } = await rejected("NotFound", registry.load(ref, { asOf: at(2) }));
    assertStringIncludes(message, "was overwritten since, at 2026-03-04T00:00:00.000Z");
    assertEquals(await registry.load(ref, { asOf: at(3) }), 2);
  }
});

Deno.test("an invalid asOf is refused", async () => {
  const { registry } = await filled();
  for (const asOf of ["2026-03-01", new Date(NaN)]) {
    await rejected("Invalid", registry.load("model", { asOf: asOf as Date }));
  }
});

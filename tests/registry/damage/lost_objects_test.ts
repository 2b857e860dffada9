// Objects that a store never returns, as some do with rotten bytes.
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { unavailable } from "../../../core/errors.ts";
import { openRegistry } from "../../../mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { rotting } from "./rotting_store.ts";

for (const halfway of [false, true]) {
  const when = halfway ? "whose bytes break off" : "that is never returned";

  Deno.test(`an object ${when} is damage`, async () => {
    const rot = rotting(halfway);
    const registry = await openRegistry(rot.backend);
    await registry.save("a", noise(700_000));
    const [key] = await keysOf(rot.backend, "objects/");
    rot.keys.add(key!);
    const { problems: [problem] } = await verifyRegistry(registry);
    assertEquals([problem!.code, problem!.key], ["Corrupt", key]);
    assertStringIncludes(problem!.message, "the store fails to return it: the connection broke");
    assertStringIncludes(problem!.hint!, "repairFrom");
  });
}

Deno.test("a record that is never returned is damage, with the advice to restore it", async () => {
  const rot = rotting(false);
  const registry = await openRegistry(rot.backend);
  await registry.save("a", "whole");
  rot.keys.add((await keysOf(rot.backend, "names/a/"))[0]!);
  const { problems: [problem] } = await verifyRegistry(registry);
  assertEquals(problem!.code, "Corrupt");
  assertStringIncludes(problem!.hint!, "Restore the object from a backup");
});

Deno.test("an outage is not damage", async () => {
  const rot = rotting(false);
  const registry = await openRegistry(rot.backend);
  await registry.save("a", noise(90_000));
  rot.outage = Infinity;
  await rejected("Unavailable", verifyRegistry(registry));
  for (const [outage, key] of [[1, "objects/"], [1, "names/"]] as const) {
    rot.outage = 0;
    const failing: Backend = {
      ...rot.backend,
      get(at, options) {
        if (at.startsWith(key) && rot.outage-- > 0) {
          return Promise.reject(unavailable("get", `"${at}"`, "no reply", { key: at }));
        }
        return rot.backend.get(at, options);
      },
    };
    const other = await openRegistry(failing);
    rot.outage = outage;
    const { problems } = await verifyRegistry(other);
    assertEquals(problems.map(({ code }) => code), ["Unavailable"]);
  }
});

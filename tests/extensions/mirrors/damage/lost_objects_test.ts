// Objects that a store never returns: repaired from a mirror, and refused by it.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { rotting } from "../../../registry/damage/rotting_store.ts";
import { fileSet } from "../../../registry/protocol_world.ts";
import { keysOf, noise } from "../../../registry/registries.ts";
import { rejected } from "../../../registry/rejected.ts";

const FILES = { large: noise(700_000), small: noise(40_000, 2), more: noise(50_000, 3) };

for (const halfway of [false, true]) {
  const when = halfway ? "whose bytes break off" : "that is never returned";

  Deno.test(`an object ${when} is damage, and is repaired from a mirror`, async () => {
    const rot = rotting(halfway);
    const registry = await openRegistry(rot.backend);
    await registry.save("a", FILES, { as: fileSet });
    await registry.save("b", "whole");
    const copy = await openRegistry("memory:");
    await mirrorRegistry(registry, copy);
    for (const key of await keysOf(rot.backend, "objects/")) {
      rot.keys.add(key);
      const { problems, versions } = await verifyRegistry(registry);
      assertEquals(versions, 2);
      assert(problems.length > 0, key);
      for (const { code, message, hint, ...problem } of problems) {
        assertEquals([code, problem.key], ["Corrupt", key]);
        assertStringIncludes(message, "the store fails to return it: the connection broke");
        assertStringIncludes(hint!, "repairFrom");
      }
      const report = await verifyRegistry(registry, { repairFrom: copy });
      assertEquals([report.problems, report.repaired?.length], [[], problems.length]);
      assertEquals((await verifyRegistry(registry)).problems, []);
    }
    assertEquals(await registry.load("a", { as: fileSet }), FILES);
  });

  Deno.test(`an object ${when} in a mirror fails the mirror's version alone`, async () => {
    const rot = rotting(halfway);
    const registry = await openRegistry(rot.backend);
    for (const name of ["a", "b", "c"]) {
      await registry.save(name, noise(90_000, name.charCodeAt(0)));
    }
    rot.keys.add((await keysOf(rot.backend, "objects/b/"))[0]!);
    const copy = await openRegistry("memory:");
    const { failures, copied } = await mirrorRegistry(registry, copy);
    assertEquals(failures.map(({ name, error }) => [name, error.code]), [["b", "Corrupt"]]);
    assertEquals(copied, 2);
    await rejected("Unavailable", registry.load("b"), /the object is damaged/);
  });
}

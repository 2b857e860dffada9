// Files that are stored by values, whose objects are copied to another name or stored anew.
import { assert, assertEquals } from "@std/assert";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { createLocalBackend, openRegistry } from "../../../../mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { AS, loaded, PATH, saveStates, statesOf, VALUES } from "./training.ts";

const STATES = statesOf(4);

/** Runs a test on a registry in a folder: memory copies no objects. */
function onDisk(name: string, body: (registry: StoredRegistry) => Promise<void>) {
  Deno.test(name, async () => {
    const root = await tempRoot();
    const registry = await openRegistry(createLocalBackend({ path: root.join("registry") }));
    try {
      await body(registry);
    } finally {
      await registry.close();
      await root[Symbol.asyncDispose]();
    }
  });
}

onDisk(
  "a copy to another name on a disk is read after its source was deleted",
  async (registry) => {
    await saveStates(registry, STATES);
    const { addedBytes } = await registry.copy("a@4", "b");
    assert(addedBytes! < STATES[3]!.length / 100, `${addedBytes}`); // linked
    assertEquals(await loaded(registry, "b"), STATES[3]);
    await registry.save("b", { [PATH]: STATES[2] }, VALUES);
    for (const version of [4, 3, 2, 1]) await registry.delete(`a@${version}`);
    await collectGarbage(registry);
    for (const [ref, state] of [["b@1", STATES[3]], ["b@2", STATES[2]]] as const) {
      assertEquals(await loaded(registry, ref), state);
    }
    assertEquals((await verifyRegistry(registry)).problems, []);
  },
);

onDisk("a version that keeps one of many files stored by values is read", async (registry) => {
  const count = 6,
    first = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`${i}.safetensors`, statesOf(2, 10 * (i + 1))]),
    );
  for (const at of [0, 1]) {
    const files = Object.fromEntries(Object.entries(first).map(([path, all]) => [path, all[at]!]));
    await registry.save("a", files, VALUES);
  }
  const kept = { "3.safetensors": first["3.safetensors"]![1]! };
  await registry.save("a", kept, VALUES);
  assertEquals(await registry.load("a", AS), kept);
  assertEquals((await verifyRegistry(registry)).problems, []);
});

// Mirrors of files that are stored by values: they keep what they are made of, for repairs.
import { assert, assertEquals, assertLess } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { openRegistry } from "../../../mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { allParts } from "../../../registry/cell/objects.ts";
import { headOf, storeOf } from "../../registry/payload/shared_bytes.ts";
import { keysOf } from "../../registry/registries.ts";
import { loaded, saveStates, statesOf } from "../../registry/payload/weights/training.ts";

const STATES = statesOf(9);

async function opened(kind: "memory" | "far" = "memory", states = STATES) {
  const store = storeOf(kind), registry = await openRegistry(store, { cache: false });
  await saveStates(registry, states);
  const copy = storeOf(kind), to = await openRegistry(copy, { cache: false });
  return { store, registry, copy, to };
}

async function bytesOf(store: Backend): Promise<number> {
  let sum = 0;
  for (const key of await keysOf(store, "objects/")) sum += (await store.head(key))!.size;
  return sum;
}

async function flip(store: Backend, key: string, at: number): Promise<void> {
  const bytes = (await (await store.get(key))!.bytes()).slice();
  bytes[at]! ^= 64;
  await store.put(key, bytes);
}

for (const kind of ["memory", "far"] as const) {
  Deno.test(`a mirror stores what each version added, and repairs it (${kind})`, async () => {
    const states = STATES.slice(0, 5), { store, registry, copy, to } = await opened(kind, states);
    await mirrorRegistry(registry, to);
    assertLess(await bytesOf(copy), 1.01 * await bytesOf(store));
    for (const [i, state] of states.entries()) assertEquals(await loaded(to, `a@${i + 1}`), state);
    assertEquals((await verifyRegistry(to)).problems, []);
    const originals = new Map<string, Uint8Array>();
    for (const key of await keysOf(store, "objects/")) {
      originals.set(key, (await (await store.get(key))!.bytes()).slice());
    }
    for (const [key, bytes] of originals) {
      if (kind === "far") await flip(store, key, bytes.length >> 1);
      else await store.delete(key);
      const { problems, repaired } = await verifyRegistry(registry, { repairFrom: to });
      assertEquals([problems, repaired!.length > 0], [[], true], key);
      assertEquals(await (await store.get(key))!.bytes(), bytes, key);
    }
  });
}

Deno.test("a mirror that began late stores whole what it cannot make, and goes on by values", async () => {
  const { registry, copy, to } = await opened();
  for (const version of [1, 2, 3, 4, 6]) await registry.delete(`a@${version}`);
  await mirrorRegistry(registry, to);
  for (const version of [5, 7, 8, 9]) {
    assertEquals(await loaded(to, `a@${version}`), STATES[version - 1]);
  }
  assertEquals((await verifyRegistry(to)).problems, []);
  const more = statesOf(12).slice(9), before = await bytesOf(copy);
  await saveStates(registry, more);
  await mirrorRegistry(registry, to);
  assertLess(await bytesOf(copy) - before, 0.5 * more[0]!.length);
  assertEquals(await loaded(to, "a@12"), more.at(-1));
  await to.delete("a@5");
  await collectGarbage(to, { now: true });
  for (const version of [7, 8, 9]) {
    assertEquals(await loaded(to, `a@${version}`), STATES[version - 1]);
  }
});

Deno.test("a mirror leaves out only the versions whose planes are damaged", async () => {
  const { store, registry, to } = await opened();
  const { files: [file] } = await headOf(store), [part] = file!.values!.base!.parts;
  await flip(store, `objects/a/${part!.from}/${part!.object}`, part!.size >> 1);
  const { failures } = await mirrorRegistry(registry, to);
  assert(failures.length > 0);
  const versions = new Set<string>();
  for await (const { version } of to.versions("a")) versions.add(version);
  for (const [i, state] of STATES.entries()) {
    if (versions.has(`${i + 1}.0.0`)) assertEquals(await loaded(to, `a@${i + 1}`), state);
  }
  assert(allParts(file!).length > 1);
});

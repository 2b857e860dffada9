import { assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { openRegistry as open, type OpenRegistryOptions, type Registry } from "../../../mod.ts";
import { keysOf } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { createScriptedBackend, denied, doing } from "../scripted_backend.ts";
import * as unruly from "./unruly_store.ts";

/** Opens a registry without the cache that buckets have. */
function openRegistry(backend: Backend, options: OpenRegistryOptions = {}): Promise<Registry> {
  return open(backend, { ...options, cache: false });
}

Deno.test("a registry is not created on a store that ignores conditions, and nothing is left there", async () => {
  for (const vice of [unruly.ignoresConditions, unruly.looksThenWrites]) {
    const store = createMemoryBackend();
    const error = await rejected("Unsupported", openRegistry(unruly.bucket(vice, store)));
    assertMatch(
      error.message,
      /Cannot create a registry at s3:\/\/unruly: the store fails ".*create.*": /,
    );
    assertMatch(error.hint!, /would lose data/);
    assertEquals(await keysOf(store), []);
  }
});

Deno.test("a store that cannot be asked says why, and is not taken for one that is wrong", async () => {
  const backend = createScriptedBackend(unruly.bucket());
  backend.answerAll({ verb: "put" }, denied);
  await rejected("Denied", openRegistry(backend));
});

Deno.test("opening a registry that exists does not probe, whatever has become of its store", async () => {
  const store = createMemoryBackend();
  const { id } = await openRegistry(unruly.bucket(undefined, store));
  const backend = createScriptedBackend(unruly.bucket(unruly.ignoresConditions, store));
  assertEquals((await openRegistry(backend)).id, id);
  assertEquals(backend.calls.map(({ verb }) => verb), ["list", "get"]);
  const empty = createScriptedBackend(unruly.bucket());
  await rejected("NotFound", openRegistry(empty, { create: false }));
  await rejected("NotFound", openRegistry(empty, { readOnly: true }));
  assertEquals(empty.calls.map(({ verb }) => verb), ["list", "list"]);
});

Deno.test("memory and folders are not probed: five calls create a registry", async () => {
  const backend = createScriptedBackend(createMemoryBackend());
  await openRegistry(backend);
  assertEquals(backend.calls.map(({ verb }) => verb), ["list", "list", "put", "get", "put"]);
});

Deno.test("an abort ends the probe with its reason, and no registry is there", async () => {
  const store = createMemoryBackend();
  const backend = createScriptedBackend(unruly.bucket(undefined, store));
  const controller = new AbortController();
  const reason = new Error("enough");
  backend.answer({ verb: "get", key: /range/ }, doing(() => controller.abort(reason)));
  assertStrictEquals(
    await assertRejects(() => openRegistry(backend, { signal: controller.signal })),
    reason,
  );
  assertEquals(await keysOf(store), []);
});

Deno.test("two that create at the same moment open one registry", async () => {
  const store = createMemoryBackend();
  const [a, b] = await Promise.all(
    [1, 2].map(() => openRegistry(unruly.bucket(undefined, store))),
  );
  assertEquals([a.id, (await keysOf(store, "settings/")).length], [b.id, 1]);
});

Deno.test("the store's clock may be off by a quarter of the least grace", async () => {
  const off = () => unruly.bucket(unruly.clockOff(1_800_000));
  assertMatch((await rejected("Unsupported", openRegistry(off()))).message, /clock.* ahead/);
  await openRegistry(off(), { leastGraceMs: 3 * 3_600_000 });
});

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { RegistryError } from "../../../core/errors.ts";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { openRegistry, readLog } from "../../../mod.ts";
import { annotate, readAnnotations } from "../../../registry/mod.ts";
import { fileSet } from "../protocol_world.ts";
import { keysOf, noise } from "../registries.ts";
import { collect } from "../rejected.ts";
import { withAge } from "../with_age.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";
import { type HostileWorld, type Line, recordAt, sealed } from "./hostile_world.ts";
import { NOBODY, testHostile } from "./hostile_records.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

/** Uses a record in every way. Each result is a value or a `RegistryError`. */
async function meet({ registry, store }: HostileWorld, about: string): Promise<void> {
  const calls: Record<string, () => Promise<unknown>> = {
    load: () => registry.load("a"),
    "load by number": () => registry.load("a@2"),
    "load by alias": () => registry.load("a@live"),
    info: () => registry.info("a@2"),
    has: () => registry.has("a@2"),
    bytes: async () => {
      for (const file of (await registry.open("a@2")).files()) await file.bytes();
    },
    versions: () => collect(registry.versions("a", { details: true })),
    annotations: () => readAnnotations(registry, "a@2"),
    annotate: () => annotate(registry, "a@2", { labels: { z: 1 } }),
    log: () => collect(readLog(registry, "a")),
    "info with annotations": () => registry.info("a@2", { annotations: true }),
    aliases: () => aliasesOf(registry, "a"),
    names: () => collect(registry.names()),
    copy: () => registry.copy("a@2", "c"),
    "save again": () =>
      registry.save("a", { small: noise(10, 2) }, { as: fileSet, idempotencyKey: "k2" }),
    "save the next": () => registry.save("a", { large: noise(90_000, 2) }, { as: fileSet }),
    "save unchanged": () =>
      registry.save("a", { x: noise(9) }, { as: fileSet, skipIfUnchanged: true }),
    "set alias": () => registry.setAlias("a", "other", "2"),
  };
  for (const [call, act] of Object.entries(calls)) {
    await act().catch((error) =>
      assertInstanceOf(error, RegistryError, `${about}: ${call}: ${error?.stack}`)
    );
  }
  const { problems } = await verifyRegistry(registry).catch((error) => {
    throw new Error(`${about}: verify: ${error.stack}`);
  });
  assertEquals(problems.filter(({ ref }) => /^b\b/.test(ref)), [], about);
  const aged = await openRegistry(withAge(store, WEEK_MS), { retryForMs: 1 });
  const before = await keysOf(store, "objects/a/");
  const garbage = await collectGarbage(aged).catch((error) => {
    throw new Error(`${about}: gc: ${error.stack}`);
  });
  if (garbage.failures.length > 0) {
    assertEquals(await keysOf(store, "objects/a/"), before, `${about}: nothing goes`);
  }
  assertEquals(await keysOf(store, "objects/b/"), [], `${about}: the garbage of b is gone`);
  const { deleted } = await prune(registry, { keepLast: 1 }).catch((error) => {
    throw new Error(`${about}: prune: ${error.stack}`);
  });
  assert(
    deleted.some(({ name, version }) => name === "b" && version === "1.0.0"),
    `${about}: b is pruned`,
  );
  await registry.delete("a@2", { force: true })
    .catch((error) => assertInstanceOf(error, RegistryError, `${about}: delete: ${error?.stack}`));
}

testHostile("affects only its name", meet);

for (
  const [what, change] of Object.entries<Line>({
    "a long previous": { previous: "x".repeat(1000) },
    "a long origin": {
      origin: { registry: NOBODY, commit: NOBODY, more: "x".repeat(1000) },
    },
  })
) {
  Deno.test(`a deleted version with ${what} affects only its name`, async () => {
    const store = createMemoryBackend();
    const registry = await openRegistry(store);
    for (const name of ["a", "b"]) await registry.save(name, noise(90_000));
    const [key] = await keysOf(store, "names/a/versions/");
    const { line, inline } = await recordAt(store, key);
    await store.put(key, sealed(JSON.stringify({ ...line, ...change }), inline));
    for (const name of ["a@1", "b@1"]) await registry.delete(name);
    const aged = await openRegistry(withAge(store, WEEK_MS));
    for (const _ of ["overwrites the first", "removes the second"]) await collectGarbage(aged);
    assertEquals(await keysOf(store, "objects/b/"), []);
    assertEquals((await keysOf(store, "names/b/")).length, 1);
  });
}

import { asMap } from "../../../registry/contract/map.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { defineMaterializer } from "../../../core/materializer.ts";
import { TOMBSTONE_BYTES } from "../../../registry/format/record_codec.ts";
import { collect, rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { noise, testInMemory, testOnEach } from "../registries.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { RegistryError } from "../../../core/errors.ts";
import { json, text } from "../../../materializers/mod.ts";
import { defineArtifact } from "../../../mod.ts";

testOnEach("get() throws for damaged data", async ({ registry, backend }) => {
  await registry.save("a", noise(400_000));
  for await (const entry of backend.list("objects/")) {
    if ("key" in entry) {
      await backend.delete(entry.key);
    }
  }
  await rejected("Corrupt", registry.get("a"));
  const [[name, value, error]] = await collect(asMap(registry).entries());
  assertEquals([name, value, error?.code], ["a", undefined, "Corrupt"]);
  await registry.save("b", 1);
  const read: unknown[] = [];
  const reading = async () => {
    for await (const entry of asMap(registry)) read.push(entry);
  };
  await rejected("Corrupt", reading());
  assertEquals(read, [["b", 1]]);
});

testInMemory("get() throws when a materializer misses a file", async ({ registry }) => {
  const confused = defineMaterializer<RegExp>({
    id: "test/confused",
    class: RegExp,
    save: () => [{ path: "one", content: new Uint8Array(1) }],
    load: (artifact) => Promise.reject(artifact.file("two")),
  });
  registry.materializers.register(confused);
  await registry.save("a", /x/);
  await rejected("NotFound", registry.get("a"));
  await rejected("NotFound", collect(asMap(registry).entries()));
});

testOnEach("set() does not replace values of an immutable registry", async ({ registry }) => {
  await asMap(registry).set("a", 1);
  await rejected("AlreadyExists", asMap(registry).set("a", 2));
  assertEquals(await registry.get("a"), 1);
}, { versioned: false });

testOnEach("a registry iterates its names", async ({ registry }) => {
  const values: Record<string, unknown> = { a: 1, b: [2], "c/d": "three" };
  for (const [name, value] of Object.entries(values)) {
    await registry.save(name, "older");
    await registry.save(name, value);
  }
  assertEquals((await collect(registry)).sort(), Object.keys(values));
  assertEquals(Object.fromEntries(await collect(asMap(registry).entries())), values);
  assertEquals(Object.fromEntries(await collect(asMap(registry))), values);
  assertEquals(await collect(asMap(registry).entries({ prefix: "c" })), [["c/d", "three"]]);
  assertEquals((await collect(asMap(registry).entries({ limit: 2 }))).length, 2);
  for await (const name of registry) {
    assertEquals(typeof name, "string");
    break;
  }
});

testOnEach("entries() leaves out concurrently deleted names", async ({ registry, open }) => {
  for (const name of ["a", "b", "c"]) await registry.save(name, name);
  let deleted = false;
  const reader = await open({}, (inner) =>
    withHooks(inner, {
      async before({ verb, key }) {
        if (deleted || verb !== "get" || !key.startsWith("names/b/")) return;
        deleted = true;
        await registry.delete("b", { allVersions: true });
        for await (const entry of inner.list("names/b/")) { // as if the grace period were over
          if ("key" in entry && entry.size !== TOMBSTONE_BYTES) await inner.delete(entry.key);
        }
      },
    }));
  assertEquals(Object.fromEntries(await collect(asMap(reader).entries())), { a: "a", c: "c" });
  assertEquals(deleted, true);
});

/** A system that runs a step at each sleep, then calls `end`. */
function scripted(steps: (() => Promise<unknown>)[], end: () => void) {
  const system = createScriptedSystem({ startAt: 1_800_000_000_000 });
  const slept: number[] = [];
  return {
    slept,
    system: {
      ...system,
      async sleep(ms: number, signal?: AbortSignal) {
        slept.push(ms);
        const step = steps.shift();
        if (step === undefined) end();
        await step?.();
        signal?.throwIfAborted();
      },
    },
  };
}

testOnEach("watch() yields overwrites, every two seconds", async ({ registry, open }) => {
  const stop = new AbortController();
  const { system, slept } = scripted([
    () => asMap(registry).set("a", 1),
    () => asMap(registry).set("a", 1),
  ], () => stop.abort());
  const watching = await open({ system });
  const events = await Array.fromAsync(watching.watch("a", { signal: stop.signal }));
  assertEquals(events.map(({ version }) => version), [undefined, "1.0.0", "1.0.0"]);
  assertEquals(new Set(events.map(({ commit }) => commit)).size, 3);
  assertEquals(slept, [2_000, 2_000, 2_000]);
}, { versioned: false, mutable: true });

testOnEach("watch() throws failures of the store", async ({ registry, open }) => {
  await registry.save("a", 1);
  let broken = false;
  const watching = await open({}, (inner) =>
    withHooks(inner, {
      before() {
        if (!broken) return;
        throw new RegistryError({
          code: "Denied",
          message: "Cannot list: key expired",
          hint: "Sign in again.",
        });
      },
    }));
  const events = watching.watch("a")[Symbol.asyncIterator]();
  broken = true;
  await rejected("Denied", events.next());
});

const note = defineArtifact("my:note", text());

testOnEach("a defined artifact uses its materializer", async ({ registry }) => {
  const saved = await registry.save(note, "one", { metadata: { x: 1 } });
  assertEquals([saved.name, saved.version], ["my:note", "1.0.0"]);
  await registry.save(note, "two");
  const latest: string = await registry.load(note);
  const first: string = await registry.load(note, { version: "^1" });
  assertEquals([latest, first], ["two", "one"]);
  assertEquals((await registry.info("my:note")).materializer.id, "text");
});

testInMemory("a defined artifact refuses another materializer", async ({ registry }) => {
  await registry.save("my:note", { not: "a text" });
  await rejected("Invalid", registry.load(note));
  assertEquals(
    await registry.load(note, { as: json() as unknown as ReturnType<typeof text> }),
    { not: "a text" } as unknown as string,
  );
});

testInMemory("a defined artifact is typed", async ({ registry }) => {
  // @ts-expect-error: the artifact holds texts
  await registry.save(note, 7).catch(() => {});
  // @ts-expect-error: and gives them
  const value: number | undefined = await registry.load(note).catch(() => undefined);
  assertEquals(value === undefined || typeof value === "string", true);
});

Deno.test("defineArtifact() refuses invalid names", () => {
  for (const name of ["", "a@1", " a", "a\0"]) {
    const error = assertThrows(() => defineArtifact(name, text()), RegistryError);
    assertEquals(error.code, "Invalid");
  }
});

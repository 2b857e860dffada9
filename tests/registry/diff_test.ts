import { assertEquals, assertLessOrEqual, assertRejects } from "@std/assert";
import {
  createMemoryBackend,
  defineMaterializer,
  diffValues,
  diffVersions,
  digestValue,
  openRegistry,
  readLog,
  realSystem,
  RegistryError,
} from "../../mod.ts";
import type { FileToSave } from "../../materializers/mod.ts";
import { withCounts } from "../bench/counted_backend.ts";
import { keysOf } from "./registries.ts";

class Files {
  readonly files: readonly FileToSave[];
  constructor(files: readonly FileToSave[]) {
    this.files = files;
  }
}

async function filesRegistry() {
  const registry = await openRegistry("memory:");
  registry.materializers.register(
    Files,
    defineMaterializer<Files>({
      id: "test/files",
      save: ({ files }) => [...files],
      load: () => new Files([]),
    }),
  );
  return registry;
}

function files(
  contents: Record<string, string>,
  modes: Record<string, FileToSave["mode"]> = {},
): Files {
  const encoder = new TextEncoder();
  return new Files(
    Object.entries(contents).map(([path, text]) => ({
      path,
      content: encoder.encode(text),
      mode: modes[path],
    })),
  );
}

Deno.test("files are added, removed, changed and renamed, in order", async () => {
  const registry = await filesRegistry();
  await registry.save(
    "tree",
    files({ "a": "one", "b/x": "two", "b/y": "two", "c": "three", "d": "", "e": "five" }),
  );
  await registry.save(
    "tree",
    files({ "a": "ONE", "n/y": "two", "z": "two", "f": "", "e": "five", "g": "new" }),
  );
  const found = await diffVersions(registry, { before: "tree@1", after: "tree@2" });
  assertEquals(found.files.map(({ path, change, from }) => [path, change, from]), [
    ["a", "changed", undefined],
    ["c", "removed", undefined],
    ["d", "removed", undefined], // empty files are equal
    ["f", "added", undefined],
    ["g", "added", undefined],
    ["n/y", "renamed", "b/y"], // same name
    ["z", "renamed", "b/x"],
  ]);
  assertEquals([found.same, found.unchanged], [false, 1]);
  assertEquals([found.before.version, found.after.version], ["1.0.0", "2.0.0"]);
});

Deno.test("a change of mode is a change", async () => {
  const registry = await filesRegistry();
  await registry.save("tool", files({ run: "x" }));
  await registry.save("tool", files({ run: "x" }, { run: "executable" }));
  const found = await diffVersions(registry, { before: "tool@1", after: "tool@2" });
  assertEquals(found.files.map(({ change, after }) => [change, after?.mode]), [[
    "changed",
    "executable",
  ]]);
});

Deno.test("metadata, inputs and materializers are compared", async () => {
  const registry = await openRegistry("memory:");
  for (const name of ["data", "data", "code"]) await registry.save(name, 1);
  await registry.save("model", "x", {
    metadata: { a: { b: [1, 2] }, c: 1 },
    inputs: ["data@1", "code@1"],
  });
  await registry.save("model", "x", {
    metadata: { c: 1, a: { b: [1, 3] } },
    inputs: ["data@2", "code@1"],
  });
  await registry.save("model", new TextEncoder().encode("x"), { metadata: { c: 1 } });
  const { files, metadata, inputs, same } = await diffVersions(registry, {
    before: "model@1",
    after: "model@2",
  });
  assertEquals([files, same], [[], false]);
  assertEquals(metadata, [{ path: ["a", "b", 1], before: 2, after: 3 }]);
  assertEquals(inputs, { added: ["data@2"], removed: ["data@1"] });
  assertEquals((await diffVersions(registry, { before: "model@1", after: "model@1" })).same, true);
  const kinds = await diffVersions(registry, { before: "model@2", after: "model@3" });
  assertEquals([kinds.before.materializer.id, kinds.after.materializer.id], ["text", "bytes"]);
});

Deno.test("another materializer or input digest is a difference", async () => {
  const registry = await filesRegistry();
  await registry.save("a", files({ "text.txt": "x" }));
  const other = defineMaterializer<Files>({
    id: "test/other",
    save: ({ files }) => [...files],
    load: () => new Files([]),
  });
  await registry.save("a", files({ "text.txt": "x" }), { as: other });
  const written = await diffVersions(registry, { before: "a@1", after: "a@2" });
  assertEquals([written.files, written.metadata, written.same], [[], [], false]);
  const inputs = ["1", "2"].map((digit) => ({ ref: "data@1.0.0", digest: digit.repeat(64) }));
  for (const input of inputs) await registry.save("b", 1, { inputs: [input] });
  const made = await diffVersions(registry, { before: "b@1", after: "b@2" });
  assertEquals([made.inputs, made.same], [{ added: [inputs[1]], removed: [inputs[0]] }, false]);
});

Deno.test("a value that is not saved is compared by digest", async () => {
  const registry = await openRegistry("memory:");
  const { digest } = await registry.save("config", { rate: 1 });
  const same = await diffVersions(registry, { before: "config", after: { rate: 1 } });
  assertEquals([same.same, same.after], [true, {
    digest,
    size: same.before.size,
    materializer: same.before.materializer,
  }]);
  assertEquals(
    (await diffVersions(registry, { before: "config", after: { rate: 2 } })).files.length,
    1,
  );
  const error = await assertRejects(
    () => diffVersions(registry, { before: "config", after: "config@9" }),
    RegistryError,
  );
  assertEquals(error.code, "NotFound");
});

Deno.test("values are compared by structure, arrays from both ends", () => {
  assertEquals(diffValues([1, 2, 3], [1, 9, 2, 3]), [{ path: [1], after: 9 }]);
  assertEquals(diffValues([1, 2, 3], [2, 3]), [{ path: [0], before: 1 }]);
  assertEquals(diffValues({ a: null }, {}), [{ path: ["a"], before: null }]);
  assertEquals(diffValues({ a: 1, b: 2 }, { b: 2, a: 1 }), []);
  assertEquals(diffValues([], {}), [{ path: [], before: [], after: {} }]);
  assertEquals(diffValues(1, "1"), [{ path: [], before: 1, after: "1" }]);
});

Deno.test("digestValue() reads the value when it is called", async () => {
  const registry = await openRegistry("memory:");
  const { digest } = await registry.save("a", { depth: 12 });
  const value = { depth: 12 };
  const pending = digestValue(registry, value);
  value.depth = 13;
  assertEquals(await pending, digest);
});

Deno.test("events of one millisecond are in order", async () => {
  const now = realSystem.now();
  const registry = await openRegistry("memory:", { system: { ...realSystem, now: () => now } });
  await registry.save("a", 1);
  await registry.setAlias("a", "live", "1");
  const log = await Array.fromAsync(readLog(registry, "a"));
  assertEquals(log.map(({ event, at }) => [event, at.getTime()]), [["aliased", now], [
    "saved",
    now,
  ]]);
});

Deno.test("a damaged record is in the log, and hides nothing", async () => {
  const backend = createMemoryBackend();
  const registry = await openRegistry(backend);
  for (const value of [1, 2]) await registry.save("a", value);
  const [key] = await keysOf(backend, "names/a/versions/");
  await backend.put(key, new TextEncoder().encode("damage"));
  const log = await Array.fromAsync(readLog(await openRegistry(backend), "a"));
  assertEquals(log.map(({ event }) => event), ["saved", "saved"]);
  assertEquals(log.map(({ version }) => version).sort(), ["1.0.0", "2.0.0"]);
  assertEquals(log.map(({ commit }) => commit === undefined).sort(), [false, true]);
});

Deno.test("a limited log reads few records", async () => {
  let now = realSystem.now();
  const system = { ...realSystem, now: () => now };
  const { backend, calls } = withCounts(createMemoryBackend({ system }));
  const registry = await openRegistry(backend, { system });
  const next = () => now += 5_000;
  for (let n = 1; n <= 100; n++, next()) {
    await registry.save("a", n);
    await registry.setAlias("a", "live", String(n));
    if (n % 3 === 0) await registry.delete(`a@${n}`, { force: true });
  }
  const all = await Array.fromAsync(readLog(registry, "a"));
  assertEquals(all.length, 233);
  for (const limit of [1, 10, 50]) {
    calls.take();
    assertEquals(await Array.fromAsync(readLog(registry, "a", { limit })), all.slice(0, limit));
    assertLessOrEqual(calls.counts.get, 3 * Math.max(16, limit));
    assertLessOrEqual(calls.counts.list, 4);
  }
});

Deno.test("changes of one millisecond are in order", async () => {
  const now = realSystem.now();
  const registry = await openRegistry("memory:", { system: { ...realSystem, now: () => now } });
  for (const value of [1, 2]) await registry.save("a", value);
  for (const version of ["1", "2", "1"]) await registry.setAlias("a", "live", version);
  await registry.deleteAlias("a", "live");
  await registry.delete("a@2");
  const log = await Array.fromAsync(readLog(registry, "a"));
  assertEquals(log.map(({ event, version = "" }) => `${event} ${version}`.trimEnd()), [
    ...[
      "deleted 2.0.0",
      "unaliased",
      "aliased 1.0.0",
      "aliased 2.0.0",
      "aliased 1.0.0",
      "saved 2.0.0",
      "saved 1.0.0",
    ],
  ]);
});

// "Registry Module" of mindtrace 0.9: as a dictionary, caches, conflicts, batches.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { asMap, isRegistryError, loadMany, openRegistry, saveMany } from "@holdfast/holdfast";
import { createLocalBackend, defineMaterializer, RegistryError } from "@holdfast/holdfast";
import { createGcsBackend } from "@holdfast/holdfast/backends/gcs";
import { createS3Backend } from "@holdfast/holdfast/backends/s3";
import { tempRoot } from "../support/temp_root.ts";

Deno.test("quick start, as a dictionary", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("my:model", { layers: 2 });
  await registry.save("my:data", [1], { version: "1.0.0" });
  const map = asMap(registry);
  await map.set("my:config", { depth: 12 });
  assertEquals(await map.get("my:config"), { depth: 12 });
  assertEquals(await map.delete("my:config"), true);
  assertEquals(await map.has("my:config"), false);
  for (const depth of [1, 2]) await map.set("my:config", { depth });
  assertEquals(await map.delete("my:config@3"), true);
  assertEquals(await map.get("my:config"), { depth: 1 });
  assertEquals(await registry.has("my:model", { version: "1.0.0" }), true);
  assertEquals((await registry.info("my:model", { version: "1.0.0" })).version, "1.0.0");
});

Deno.test("backends: a folder, S3-compatible, and GCP", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(createLocalBackend({ path: root.join("registry") }));
  await registry.save("my:model", 1);
  await using s3Backend = createS3Backend({
    endpoint: "localhost:9000",
    access_key: "minioadmin",
    secret_key: "minioadmin",
    bucket: "minio-registry",
    secure: false,
  });
  await using gcpBackend = createGcsBackend({
    project_id: "my-project",
    bucket_name: "my-registry-bucket",
    credentials_path: "/path/to/service-account.json",
  } as never); // its types have bucket only
  assert(s3Backend.location.includes("minio-registry"));
  assert(gcpBackend.location.includes("my-registry-bucket"));
});

Deno.test("concurrency: the first write of a version wins, or the last of a mutable registry", async () => {
  await using registry = await openRegistry("memory:");
  const saves = [1, 2, 3].map((value) => registry.save("model", value, { version: "1.0.0" }));
  const settled = await Promise.allSettled(saves);
  assertEquals(settled.filter(({ status }) => status === "fulfilled").length, 1);
  await using mutable = await openRegistry("memory:", { mutable: true });
  const overwrite = { version: "1.0.0", onConflict: "overwrite" } as const;
  await Promise.all([1, 2, 3].map((value) => mutable.save("model", value, overwrite)));
  assertEquals((await Array.fromAsync(mutable.versions("model"))).length, 1);
});

Deno.test("caching: levels of verification, and clearing", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.join("registry"));
  await registry.save("my:model", [1]);
  for (const verify of ["none", "integrity", "full"] as const) {
    assertEquals(await registry.load("my:model", { verify }), [1]);
  }
  await registry.clearCache();
  assertEquals(await registry.load("my:model"), [1]);
});

Deno.test("version management", async () => {
  await using registry = await openRegistry("memory:");
  assertEquals((await registry.save("model", 1)).version, "1.0.0");
  assertEquals((await registry.save("model", 2)).version, "2.0.0");
  assertEquals((await registry.save("model", 3, { version: "2.1" })).version, "2.1.0");
  assertEquals(await registry.load("model", { version: "2.1" }), 3);
  assertEquals(await registry.load("model", { version: "latest" }), 3);
  await using single = await openRegistry("memory:", { versioned: false });
  assertEquals(single.settings.versioned, false);
});

Deno.test("conflict handling", async () => {
  await using registry = await openRegistry("memory:", { mutable: true });
  await registry.save("model", 1, { version: "1.0.0" });
  const again = () => registry.save("model", 2, { version: "1.0.0" });
  assertEquals((await assertRejects(again, RegistryError)).code, "AlreadyExists");
  const skipped = await registry.save("model", 2, { version: "1.0.0", onConflict: "skip" });
  assertEquals([skipped.skipped, await registry.load("model")], [true, 1]);
  await registry.save("model", 2, { version: "1.0.0", onConflict: "overwrite" });
  assertEquals(await registry.load("model"), 2);
});

Deno.test("custom materializers: registered for a class, or of one save", async () => {
  class MyClass {
    constructor(readonly text: string) {}
  }
  const myMaterializer = defineMaterializer({
    id: "my_module/my_class",
    save: ({ text }: MyClass) => [{ path: "a", content: new TextEncoder().encode(text) }],
    load: async (artifact) =>
      new MyClass(new TextDecoder().decode(await artifact.file("a").bytes())),
  });
  await using registry = await openRegistry("memory:");
  registry.materializers.register(MyClass, myMaterializer);
  await registry.save("custom:obj", new MyClass("a"));
  await registry.save("custom:obj", new MyClass("b"), { as: myMaterializer });
  assertEquals(await registry.load("custom:obj@1"), new MyClass("a"));
  assertEquals(await registry.load("custom:obj@2"), new MyClass("b"));
});

Deno.test("metadata and information: of a version, of a name, of all", async () => {
  await using registry = await openRegistry("memory:");
  for (const name of ["a", "a", "b"]) await registry.save(name, 1);
  assertEquals((await registry.info("a", { version: "1.0.0" })).name, "a");
  const ofName = await Array.fromAsync(registry.versions("a", { details: true }));
  assertEquals(ofName.length, 2);
  const ofAll: Record<string, number> = {};
  for await (const name of registry) {
    ofAll[name] = (await Array.fromAsync(registry.versions(name))).length;
  }
  assertEquals(ofAll, { a: 2, b: 1 });
});

Deno.test("error handling", async () => {
  await using registry = await openRegistry("memory:");
  const missing = await registry.load("nonexistent:model").catch((error) => error);
  assert(isRegistryError(missing, "NotFound"));
  await registry.save("model", 1, { version: "1.0.0" });
  const conflict = await registry.save("model", 1, { version: "1.0.0" }).catch((error) => error);
  assert(isRegistryError(conflict, "AlreadyExists"));
});

Deno.test("batch operations", async () => {
  await using registry = await openRegistry("memory:");
  const saved = await saveMany(registry, [
    { name: "model:a", value: 1, version: "1.0.0" },
    { name: "model:b", value: 2, version: "1.0.0" },
  ]);
  assertEquals([saved.results.length, saved.succeeded, saved.failed, saved.errors.size], [
    2,
    [0, 1],
    [],
    0,
  ]);
  const loaded = await loadMany(registry, ["model:a@1.0.0", "model:b@1.0.0", "model:c"]);
  assertEquals(loaded.results.map((each) => each.ok && each.value), [1, 2, false]);
  assertEquals([loaded.succeeded, loaded.failed, loaded.errors.get(2)?.code], [
    [0, 1],
    [2],
    "NotFound",
  ]);
});

Deno.test("debug logging: operations write detailed logs", async () => {
  const lines: string[] = [];
  const line = (message: string) => void lines.push(message);
  const logger = { debug: line, info: line, warn: line, error: line };
  await using registry = await openRegistry("memory:", { logger });
  await registry.save("my:model", 1);
  assert(lines.some((line) => line.includes("my:model")), lines.join("\n"));
});

// "Registry Module" of mindtrace 0.8: versions, backends, materializers.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createGcsBackend } from "@holdfast/holdfast/backends/gcs";
import { createS3Backend } from "@holdfast/holdfast/backends/s3";
import { defineMaterializer, isRegistryError, openRegistry } from "@holdfast/holdfast";
import { createLocalBackend, RegistryError } from "@holdfast/holdfast";
import { tempRoot } from "../support/temp_root.ts";

const trained = { layers: [64, 32] };
const names = async (registry: Awaited<ReturnType<typeof openRegistry>>) =>
  await Array.fromAsync(registry.names());
const versions = async (registry: Awaited<ReturnType<typeof openRegistry>>, name: string) =>
  await Array.fromAsync(registry.versions(name), ({ version }) => version);

Deno.test("quick start", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(root.join("registry"));
  await registry.save("my:model", trained);
  await registry.save("my:data", [1, 2, 3], { version: "1.0.0" });
  assertEquals(await registry.load("my:model"), trained);
  assertEquals(await registry.load("my:data", { version: "1.0.0" }), [1, 2, 3]);
  assertEquals((await names(registry)).toSorted(), ["my:data", "my:model"]);
  assertEquals(await versions(registry, "my:model"), ["1.0.0"]);
});

Deno.test("backends: a folder, MinIO and Google Cloud Storage", async () => {
  await using root = await tempRoot();
  await using registry = await openRegistry(createLocalBackend({ path: root.join("registry") }));
  await registry.save("my:model", trained);
  await using minio = createS3Backend({
    endpoint: "localhost:9000",
    access_key: "minioadmin",
    secret_key: "minioadmin",
    bucket: "minio-registry",
    secure: false,
  });
  assert(minio.location.includes("minio-registry"));
  await using gcs = createGcsBackend({
    project_id: "my-project",
    bucket_name: "my-registry-bucket",
    credentials_path: "/path/to/service-account.json",
  } as never); // its types have bucket only
  assert(gcs.location.includes("my-registry-bucket"));
});

Deno.test("custom materializers", async () => {
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
  await registry.save("custom:obj", new MyClass("a"), { as: myMaterializer });
  assertEquals(await registry.load("custom:obj"), new MyClass("a"));
  registry.materializers.register(MyClass, myMaterializer);
  await registry.save("custom:obj", new MyClass("b"));
  assertEquals(await registry.load("custom:obj"), new MyClass("b"));
});

Deno.test("version management", async () => {
  await using unversioned = await openRegistry("memory:", { versioned: false, mutable: true });
  await unversioned.save("model", 1);
  await unversioned.save("model", 2);
  assertEquals(await unversioned.load("model"), 2);
  await using registry = await openRegistry("memory:");
  await registry.save("model", trained, { version: "2.1.0" });
  assertEquals(await registry.load("model", { version: "2.1.0" }), trained);
  assertEquals(await registry.load("model", { version: "latest" }), trained);
});

Deno.test("metadata and information", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("my:model", trained);
  const info = await registry.info("my:model");
  assertEquals([info.name, info.materializer.id], ["my:model", "json"]);
  assertEquals(await names(registry), ["my:model"]);
  assertEquals(await versions(registry, "my:model"), ["1.0.0"]);
  assertEquals(await registry.has("my:model", { version: "1.0.0" }), true);
});

Deno.test("distributed operations: concurrent saves all succeed", async () => {
  await using registry = await openRegistry("memory:");
  await Promise.all([1, 2, 3].map((value) => registry.save("shared:resource", value)));
  assertEquals((await versions(registry, "shared:resource")).length, 3);
});

Deno.test("error handling", async () => {
  await using registry = await openRegistry("memory:");
  const missing = await registry.load("nonexistent:model").catch((error) => error);
  assert(isRegistryError(missing, "NotFound"));
  await registry.save("invalid_name", 1);
  assertEquals((await assertRejects(() => registry.save("a@b", 1), RegistryError)).code, "Invalid");
});

Deno.test("debug logging: operations write detailed logs", async () => {
  const lines: string[] = [];
  const line = (message: string) => void lines.push(message);
  const logger = { debug: line, info: line, warn: line, error: line };
  await using registry = await openRegistry("memory:", { logger });
  await registry.save("my:model", trained);
  assert(lines.some((line) => line.includes("my:model")), lines.join("\n"));
});

Deno.test("examples: a pipeline of machine learning", async () => {
  await using registry = await openRegistry("memory:");
  const saved = ["data:training", "data:testing", "model:classifier", "pipeline:preprocessing"];
  for (const name of saved) await registry.save(name, { name }, { version: "1.0.0" });
  for (const name of saved) assertEquals(await registry.load(name), { name });
});

Deno.test("examples: versions of data", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("data:raw", [1, 2, 3], { version: "1.0.0" });
  await registry.save("data:processed", [1, 2], { version: "1.1.0" });
  await registry.save("data:cleaned", [1], { version: "1.2.0" });
  const lines: string[] = [];
  for await (const { version } of registry.versions("data:raw")) {
    const data = await registry.load("data:raw", { version }) as unknown[];
    lines.push(`Version ${version}: ${data.length} records`);
  }
  assertEquals(lines, ["Version 1.0.0: 3 records"]);
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import { commitUpload, createUpload, presignDownload } from "../../../registry/uploads.ts";
import { RegistryError } from "../../../mod.ts";
import type { Registry } from "../../../mod.ts";
import { noise } from "../../conformance/registry/registry_case.ts";
import { createPresigningStore } from "../../registry/transfer/presigning_store.ts";
import { loseConnection, startService, testService } from "./service.ts";

async function codeOf(action: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => action, RegistryError)).code;
}

Deno.test("files are uploaded to and downloaded from the store directly", async () => {
  const world = createPresigningStore();
  const service = await startService({ backend: world.backend });
  const registry = await service.open();
  const content = noise(400_000);
  const file = { path: "a.bin", mediaType: "image/tiff", size: content.byteLength };
  const upload = await createUpload(registry, { files: [file], expiresInMs: 60_000 });
  assert(upload.expiresAt instanceof Date);
  assertEquals(upload.files[0].headers, { "content-type": "image/tiff" });
  assertEquals(world.grant(upload.files[0].url).expiresInMs, 60_000);

  const options = { name: "data", version: "2.1", metadata: { by: "browser" } };
  assertEquals(await codeOf(commitUpload(registry, upload, options)), "NotFound");
  await world.send(upload.files[0], content);
  const saved = await commitUpload(registry, upload, options);
  assertEquals([saved.version, saved.skipped], ["2.1.0", false]);
  assert(saved.createdAt instanceof Date);
  assertEquals((await service.behind.info("data")).metadata, { by: "browser" });

  const how = { fileName: "scan.tif", expiresInMs: 5_000 };
  const found = await presignDownload(registry, "data@^2", how);
  assertEquals([found.file.path, found.expiresAt instanceof Date], ["a.bin", true]);
  assertEquals(await world.fetch(found.url), content);
  const { fileName, expiresInMs } = world.grant(found.url);
  assertEquals([fileName, expiresInMs], ["scan.tif", 5_000]);
  assertEquals(await codeOf(presignDownload(registry, "data", { path: "x" })), "NotFound");
  await service.close();
});

testService(
  "direct transfers are Unsupported without presigned URLs, and Denied if read-only",
  async (service) => {
    await service.behind.save("a", noise(400_000));
    const upload = (registry: Registry) => createUpload(registry, { files: ["a"] });
    const registry = await service.open();
    assertEquals(await codeOf(upload(registry)), "Unsupported");
    assertEquals(await codeOf(presignDownload(registry, "a")), "Unsupported");
    const reader = await service.open({ readOnly: true });
    assertEquals(await codeOf(upload(reader)), "Denied");
    const begun = { id: "01900000-0000-7000-8000-000000000000", files: [{ path: "a" }] };
    assertEquals(await codeOf(commitUpload(reader, begun, { name: "b" })), "Denied");
  },
);

Deno.test("a commit with a lost answer is repeated and makes one version", async () => {
  const world = createPresigningStore();
  const service = await startService({ backend: world.backend });
  let lost = 0;
  const registry = await service.through(async (request) => {
    const response = await service.handler(request);
    if (!request.url.endsWith("/commit") || lost++ > 0) return response;
    await response.body?.cancel();
    loseConnection();
  });
  const upload = await createUpload(registry, { files: ["a"] });
  await world.send(upload.files[0], noise(10));
  assertEquals((await commitUpload(registry, upload, { name: "data" })).version, "1.0.0");
  assertEquals((await Array.fromAsync(service.behind.versions("data"))).length, 1);
  await service.close();
});

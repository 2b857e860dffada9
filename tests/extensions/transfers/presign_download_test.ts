import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { presignDownload, presignUpload } from "../../../extensions/transfers/mod.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { folder } from "../../../materializers/path.ts";
import type { StoredPath } from "../../../materializers/path/stored_path.ts";
import type { FileToSave } from "../../../core/materializer.ts";
import type { Registry, SaveOptions } from "../../../mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { keysOf, noise } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";
import { createPresigningStore } from "./presigning_store.ts";

const LARGE = noise(300_000, 2);

/** Saves files as a folder. */
function saveFolder(
  registry: Registry,
  name: string,
  contents: Record<string, Uint8Array>,
  options: SaveOptions = {},
): Promise<unknown> {
  const files: FileToSave[] = Object.entries(contents).map(([path, content]) => ({
    path,
    content,
  }));
  const materializer = { ...folder(), save: () => files };
  return registry.save(name, undefined as unknown as StoredPath, { ...options, as: materializer });
}

Deno.test("presignDownload() returns a URL of the file's object", async () => {
  const system = createScriptedSystem();
  const { backend, grant, fetch } = createPresigningStore({ system });
  const registry = await openRegistry(backend, { system });
  await registry.save("data", LARGE);
  await saveFolder(registry, "many", {
    "a/1.bin": LARGE,
    "2.bin": noise(400_000, 3),
    "small.txt": noise(10),
  });

  const only = await presignDownload(registry, "data");
  assertEquals(only.file.sha256, sha256(LARGE));
  assertEquals(only.expiresAt, new Date(system.now() + 3_600_000));
  assertEquals(await fetch(only.url), LARGE);
  assertEquals(grant(only.url).fileName, "data.bin");

  const one = await presignDownload(registry, "many@1.0.0", { path: "a/1.bin", expiresInMs: 5000 });
  const { fileName, expiresInMs, key } = grant(one.url);
  assertEquals([fileName, expiresInMs], ["1.bin", 5000]);
  assertMatch(key, /^objects\/many\//);
  assertEquals(await fetch(one.url), LARGE);
  const named = await presignDownload(registry, "many", {
    path: "2.bin",
    version: "1",
    fileName: "naïve.bin",
  });
  assertEquals(grant(named.url).fileName, "naïve.bin");
  assertEquals(await fetch(named.url), noise(400_000, 3));
});

Deno.test("a shared file is fetched from its original object", async () => {
  const { backend, fetch, grant } = createPresigningStore();
  const registry = await openRegistry(backend);
  const { commit } = await registry.save("data", LARGE);
  await registry.save("data", LARGE, { metadata: { again: true } });
  const { url } = await presignDownload(registry, "data@2");
  assertEquals(grant(url).key.includes(commit), true);
  assertEquals(await fetch(url), LARGE);
});

Deno.test("a file without its own object is Unsupported", async () => {
  const registry = await openRegistry(createPresigningStore().backend);
  await registry.save("inline", "text");
  await saveFolder(registry, "packed", { "a": noise(100_000, 1), "b": noise(100_000, 2) });
  await registry.save("compressed", LARGE, { compress: "gzip" });
  for (
    const [ref, path, says] of [
      ["inline", undefined, /shares/],
      ["packed", "a", /shares/],
      ["packed", "b", /shares/],
      ["compressed", undefined, /compressed/],
    ] as const
  ) {
    const error = await rejected("Unsupported", presignDownload(registry, ref, { path }));
    assertMatch(error.message, says);
    assertMatch(
      error.hint!,
      path === undefined && says.source === "compressed" ? /uncompressed/ : /Only large files/,
    );
  }
});

Deno.test("a lost object is Corrupt", async () => {
  const { backend, store } = createPresigningStore();
  const registry = await openRegistry(backend);
  await registry.save("data", LARGE);
  for (const key of await keysOf(store, "objects/")) await store.delete(key);
  await rejected("Corrupt", presignDownload(registry, "data"));
});

Deno.test("presignDownload() checks file, version and expiry", async () => {
  const { backend, fetch } = createPresigningStore();
  const writer = await openRegistry(backend);
  await saveFolder(writer, "many", { "a": LARGE, "b": noise(400_000, 3) });
  const registry = await openRegistry(backend, { readOnly: true });
  for (
    const [code, ref, options] of [
      ["Invalid", "many", {}],
      ["NotFound", "many", { path: "c" }],
      ["NotFound", "other", {}],
      ["NotFound", "many@2", { path: "a" }],
      ["Invalid", "many", { path: "a", expiresInMs: 0 }],
    ] as const
  ) await rejected(code, presignDownload(registry, ref, options));
  assertEquals(await fetch((await presignDownload(registry, "many", { path: "a" })).url), LARGE);
});

Deno.test("URLs expire after a second to 7 days", async () => {
  const registry = await openRegistry(createPresigningStore().backend);
  await registry.save("data", LARGE);
  for (const expiresInMs of [-1, NaN]) {
    await rejected("Invalid", presignDownload(registry, "data", { expiresInMs }));
  }
  for (const expiresInMs of [0, 999, 1000.5, Infinity, 604_800_001]) {
    const download = await rejected("Invalid", presignDownload(registry, "data", { expiresInMs }));
    assertStringIncludes(download.hint!, "7 days");
    const bytes = { size: 1, sha256: sha256(LARGE) };
    const upload = await rejected("Invalid", presignUpload(registry, { ...bytes, expiresInMs }));
    assertStringIncludes(upload.hint!, "7 days");
  }
  await presignDownload(registry, "data", { expiresInMs: 604_800_000 });
});

Deno.test("presignDownload() needs a store with URLs", async () => {
  const registry = await openRegistry(createMemoryBackend());
  await registry.save("data", LARGE);
  await rejected("Unsupported", presignDownload(registry, "data"), /bucket/);
});

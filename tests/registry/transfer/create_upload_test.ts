import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createMemoryBackend, createUpload, openRegistry } from "../../../mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { keysOf } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { createPresigningStore } from "./presigning_store.ts";

const SHA256 = "a".repeat(64);

Deno.test("createUpload() gives a URL for each file, and writes nothing", async () => {
  const system = createScriptedSystem();
  const { backend, store, grant } = createPresigningStore({ system });
  const registry = await openRegistry(backend, { system });
  const before = await keysOf(store);
  const files = ["a.txt", { path: "b/c.png", mediaType: "image/png", size: 7, sha256: SHA256 }];
  const upload = await createUpload(registry, { files, expiresInMs: 60_000 });

  assertMatch(upload.id, /^[0-9a-f-]{36}$/);
  assertEquals(upload.expiresAt, new Date(system.now() + 60_000));
  const [a, b] = upload.files;
  assertEquals(a, { path: "a.txt", url: a.url, method: "PUT", headers: {} });
  assertEquals(b, {
    path: "b/c.png",
    mediaType: "image/png",
    size: 7,
    sha256: SHA256,
    url: b.url,
    method: "PUT",
    headers: { "content-type": "image/png" },
  });
  const granted = { method: "PUT" as const, expiresInMs: 60_000, signal: undefined };
  assertEquals(grant(a.url), { key: `uploads/${upload.id}/0`, contentType: undefined, ...granted });
  assertEquals(grant(b.url), {
    key: `uploads/${upload.id}/1`,
    contentType: "image/png",
    ...granted,
  });
  assertEquals(await keysOf(store), before);
});

Deno.test("createUpload() refuses files that could not be committed", async () => {
  const registry = await openRegistry(createPresigningStore().backend);
  const wrong = [[], ["../a"], ["/a"], ["a", "a"], ["a", "a/b"], [""], ["a\\b"], [{
    path: "a",
    sha256: "ABC",
  }]];
  for (const files of wrong) {
    assertMatch(
      (await rejected("Invalid", createUpload(registry, { files }))).message,
      /^Cannot (upload|save)/,
    );
  }
});

Deno.test("a URL works for a while that every store allows", async () => {
  const registry = await openRegistry(createPresigningStore().backend);
  for (const expiresInMs of [0, -1, 999, 1000.5, NaN, Infinity, 604_800_001]) {
    const error = await rejected("Invalid", createUpload(registry, { files: ["a"], expiresInMs }));
    assertStringIncludes(error.hint!, "7 days");
  }
  await createUpload(registry, { files: ["a"], expiresInMs: 604_800_000 });
});

Deno.test("createUpload() is Unsupported where the store gives no URLs, and Denied where nothing may be written", async () => {
  const registry = await openRegistry(createMemoryBackend());
  assertMatch(
    (await rejected("Unsupported", createUpload(registry, { files: ["a"] }))).hint!,
    /Buckets/,
  );
  const { backend } = createPresigningStore();
  await openRegistry(backend);
  await rejected(
    "Denied",
    createUpload(await openRegistry(backend, { readOnly: true }), { files: ["a"] }),
  );
});

import { assert, assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { collectGarbage } from "../../../registry/maintenance.ts";
import { commitUpload, createUpload } from "../../../registry/uploads.ts";
import { openRegistry } from "../../../mod.ts";
import type { Registry } from "../../../mod.ts";
import type { Upload, UploadFile } from "../../../registry/uploads.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { keysOf, noise } from "../registries.ts";
import { collect, rejected } from "../rejected.ts";
import {
  busy,
  createScriptedBackend,
  doing,
  followedBy,
  lostReply,
  nothing,
} from "../scripted_backend.ts";
import { createPresigningStore, type PresigningStore } from "./presigning_store.ts";

const SMALL = noise(1000, 1), LARGE = noise(300_000, 2);

/** Creates an upload of files with these contents and sends them. */
async function uploaded(
  world: PresigningStore,
  registry: Registry,
  contents: Record<string, Uint8Array>,
  facts: Omit<UploadFile, "path"> = {},
): Promise<Upload> {
  const files = Object.keys(contents).map((path) => ({ path, ...facts }));
  const upload = await createUpload(registry, { files });
  for (const file of upload.files) await world.send(file, contents[file.path]);
  return upload;
}

for (const copies of [true, false]) {
  const how = copies ? "copied in the store" : "sent through this process";

  Deno.test(`commitUpload() saves files, ${how}, and removes the upload`, async () => {
    const world = createPresigningStore({ copies });
    const registry = await openRegistry(world.backend);
    const upload = await uploaded(world, registry, {
      "a/small.bin": SMALL,
      "large.bin": LARGE,
      "empty": new Uint8Array(),
    });
    const saved = await commitUpload(registry, upload, {
      name: "data",
      version: "2.1",
      metadata: { by: "browser" },
    });

    assertEquals([saved.name, saved.version, saved.size, saved.skipped], [
      "data",
      "2.1.0",
      301_000,
      false,
    ]);
    const artifact = await registry.open("data");
    assertEquals(artifact.info.metadata, { by: "browser" });
    assertEquals(artifact.info.materializer, { id: "folder", formatVersion: 1 });
    assertEquals(
      artifact.info.files.map(({ sha256 }) => sha256),
      [SMALL, LARGE, new Uint8Array()].map((b) => sha256(b)),
    );
    assertEquals(await artifact.file("large.bin").bytes(), LARGE);
    assertEquals(await artifact.file("a/small.bin").bytes(), SMALL);
    assertEquals(await artifact.file("empty").bytes(), new Uint8Array());

    assertEquals(await keysOf(world.store, "uploads/"), []);
    assertEquals((await keysOf(world.store, "objects/")).length, 3);
    assertEquals(world.copies.length, copies ? 3 : 0);
  });

  Deno.test(`content unlike its declaration is refused, ${how}`, async () => {
    const world = createPresigningStore({ copies });
    const registry = await openRegistry(world.backend);
    for (
      const [facts, says] of [[{ sha256: sha256("other") }, /SHA-256/], [
        { size: 299_999 },
        /300000 bytes, not 299999/,
      ]] as const
    ) {
      const upload = await uploaded(world, registry, { "large.bin": LARGE }, facts);
      const error = await rejected("Invalid", commitUpload(registry, upload, { name: "data" }));
      assertMatch(error.message, says);
      assertEquals(await collect(registry.names()), []);
      assertEquals(await keysOf(world.store, "objects/"), []);
      assertEquals((await keysOf(world.store, "uploads/")).length, 1);
      const right = {
        id: upload.id,
        files: [{ path: "large.bin", sha256: sha256(LARGE), size: LARGE.byteLength }],
      };
      await commitUpload(registry, right, { name: "data" });
      await registry.delete("data", { allVersions: true });
      await collectGarbageNow(world);
    }
  });
}

/** Removes every payload, as garbage collection does a day later. */
async function collectGarbageNow({ store }: PresigningStore): Promise<void> {
  for (const key of await keysOf(store, "objects/")) await store.delete(key);
}

Deno.test("repeated and concurrent commits of an upload return one version", async () => {
  for (const idempotencyKey of [undefined, "run 7"]) {
    const world = createPresigningStore();
    const registry = await openRegistry(world.backend);
    const upload = await uploaded(world, registry, { "large.bin": LARGE });
    const commit = () =>
      commitUpload(registry, upload, { name: "data", ...(idempotencyKey && { idempotencyKey }) });
    const [a, b] = await Promise.all([commit(), commit()]);
    const later = await commit();
    assertEquals([b.commit, later.commit], [a.commit, a.commit]);
    assertEquals([later.version, later.skipped], ["1.0.0", true]);
    assertEquals((await collect(registry.versions("data"))).length, 1);
    assertEquals(await (await registry.open("data")).file("large.bin").bytes(), LARGE);
    assertEquals(await keysOf(world.store, "uploads/"), []);
  }
});

Deno.test("a commit with a lost reply is repeated without saving twice", async () => {
  const world = createPresigningStore();
  const backend = createScriptedBackend(world.backend);
  const copying = { ...backend, presign: world.backend.presign, copy: world.backend.copy };
  const registry = await openRegistry(copying, { retryForMs: 1 });
  const upload = await uploaded(world, registry, { "a.bin": LARGE });
  const deaf = () => backend.answerAll({ verb: "get", key: /versions/ }, busy);
  backend.answer({ verb: "put", key: /versions/ }, followedBy(deaf, lostReply));
  await rejected("Unknown", commitUpload(registry, upload, { name: "data" }));
  assertEquals((await keysOf(world.store, "uploads/")).length, 1);
  backend.heal();
  const saved = await commitUpload(registry, upload, { name: "data" });
  assertEquals([saved.version, saved.skipped], ["1.0.0", true]);
  assertEquals((await collect(registry.versions("data"))).length, 1);
  assertEquals(await keysOf(world.store, "uploads/"), []);
});

Deno.test("a file that has not arrived is NotFound, and can be sent later", async () => {
  const world = createPresigningStore();
  const registry = await openRegistry(world.backend);
  const upload = await createUpload(registry, { files: ["a.bin", "b.bin"] });
  await world.send(upload.files[0], LARGE);
  const error = await rejected("NotFound", commitUpload(registry, upload, { name: "data" }));
  assertMatch(error.message, /"b\.bin".*not uploaded/);
  assertMatch(error.hint!, /Send it to its URL/);
  assertEquals(await collect(registry.names()), []);
  assertEquals((await keysOf(world.store, "objects/")).length, 0);
  await world.send(upload.files[1], SMALL);
  assertEquals((await commitUpload(registry, upload, { name: "data" })).version, "1.0.0");
});

Deno.test("an upload overwritten during its commit is saved whole or not", async () => {
  for (const copies of [true, false]) {
    const world = createPresigningStore({ copies });
    const backend = createScriptedBackend(world.backend);
    const copy = world.backend.copy && (async (from: string, to: string) => {
      await world.send(upload.files[0], noise(400_000, 9));
      return await world.backend.copy!(from, to);
    });
    const registry = await openRegistry({
      ...backend,
      presign: world.backend.presign,
      ...(copy && { copy }),
    });
    const upload = await uploaded(world, registry, { "a.bin": LARGE });
    if (!copies) {
      backend.answer(
        { verb: "get", key: /uploads/ },
        doing(() => world.send(upload.files[0], noise(400_000, 9))),
      );
    }
    await rejected("Conflict", commitUpload(registry, upload, { name: "data" }));
    assertEquals(await collect(registry.names()), []);
    assertEquals(await keysOf(world.store, "objects/"), []);
  }
});

Deno.test("the recorded digest is that of the copy", async () => {
  const world = createPresigningStore();
  const changed = noise(300_000, 5);
  const copy = async (_from: string, to: string) => {
    const result = await world.store.put(to, changed);
    return (result as { info: { key: string; size: number; modifiedAt: number } }).info;
  };
  const registry = await openRegistry({ ...world.backend, copy });
  const said = await uploaded(world, registry, { "a.bin": LARGE }, { sha256: sha256(LARGE) });
  await rejected("Invalid", commitUpload(registry, said, { name: "said" }));
  const unsaid = await uploaded(world, registry, { "a.bin": LARGE });
  await commitUpload(registry, unsaid, { name: "unsaid" });
  assertEquals((await registry.info("unsaid")).files[0].sha256, sha256(changed));
});

Deno.test("no record refers to an upload; old uploads are collected", async () => {
  const system = createScriptedSystem();
  const world = createPresigningStore({ system });
  const registry = await openRegistry(world.backend, { system });
  const upload = await uploaded(world, registry, { "a.bin": LARGE });
  await commitUpload(registry, upload, { name: "data" });
  for (const key of await keysOf(world.store, "names/")) {
    const text = new TextDecoder().decode(await (await world.store.get(key))!.bytes());
    assert(!text.includes("uploads/"), text);
  }
  await world.send(upload.files[0], SMALL); // its URL still works
  await uploaded(world, registry, { "never.bin": SMALL });
  system.advance(25 * 3_600_000);
  await collectGarbage(registry);
  assertEquals(await keysOf(world.store, "uploads/"), []);
  assertEquals(await (await registry.open("data")).file("a.bin").bytes(), LARGE);
});

Deno.test("ids and paths that lead elsewhere are Invalid", async () => {
  const world = createPresigningStore();
  const registry = await openRegistry(world.backend);
  const upload = await uploaded(world, registry, { "a.bin": SMALL });
  const before = await keysOf(world.store);
  for (
    const id of [
      "",
      "..",
      "../settings",
      `${upload.id}/..`,
      upload.id.toUpperCase(),
      `${upload.id}\n`,
    ]
  ) {
    await rejected("Invalid", commitUpload(registry, { ...upload, id }, { name: "data" }));
  }
  for (const path of ["../a", "/a", "a//b", ""]) {
    await rejected(
      "Invalid",
      commitUpload(registry, { ...upload, files: [{ path }] }, { name: "data" }),
    );
  }
  await rejected("Invalid", commitUpload(registry, { ...upload, files: [] }, { name: "data" }));
  await rejected("Invalid", commitUpload(registry, upload, { name: "a@b" }));
  assertEquals(await keysOf(world.store), before);
});

Deno.test("a missing copy is not committed", async () => {
  const world = createPresigningStore();
  const backend = createScriptedBackend(world.backend);
  const registry = await openRegistry({
    ...backend,
    presign: world.backend.presign,
    copy: world.backend.copy,
  });
  for (const bytes of [LARGE, new Uint8Array()]) {
    const upload = await uploaded(world, registry, { "a.bin": bytes });
    backend.answer({ verb: "get", key: /objects/ }, nothing);
    await rejected("Conflict", commitUpload(registry, upload, { name: "data" }));
    const { commit } = await commitUpload(registry, upload, { name: "data" });
    assertNotEquals(commit, "");
    await registry.delete("data", { allVersions: true });
    await collectGarbageNow(world);
  }
});

Deno.test("a failed or aborted commit keeps the upload", async () => {
  const world = createPresigningStore();
  const backend = createScriptedBackend(world.backend);
  const registry = await openRegistry({ ...backend, presign: world.backend.presign });
  await registry.save("data", 1, { version: "1.0.0" });
  const upload = await uploaded(world, registry, { "a.bin": LARGE });
  const taken = commitUpload(registry, upload, { name: "data", version: "1.0.0" });
  await rejected("AlreadyExists", taken);
  const stopper = new AbortController();
  const { signal } = stopper;
  backend.answer({ verb: "get", key: /uploads/ }, doing(() => stopper.abort(new Error("enough"))));
  await assertRejects(
    () => commitUpload(registry, upload, { name: "data", signal }),
    Error,
    "enough",
  );
  assertEquals((await keysOf(world.store, "uploads/")).length, 1);
  assertEquals(await keysOf(world.store, "objects/"), []);
  backend.answer({ verb: "delete", key: /uploads/ }, busy);
  assertEquals((await commitUpload(registry, upload, { name: "data" })).version, "2.0.0");
});

// Saves of lists in pages: what they share, and what remains if they end in the middle.
import { assert, assertEquals, assertLess, assertLessOrEqual } from "@std/assert";
import { createMemoryBackend, openRegistry, type StoredRegistry } from "../../../mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { measureSpace } from "../../../extensions/maintenance/mod.ts";
import { createProtocolWorld, fileSet, filler } from "../protocol_world.ts";
import { keysOf } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { createScriptedBackend, denied, lostReply, pass } from "../scripted_backend.ts";
import { listKeys, listOf, withSmallPages } from "../../simulate/small_pages.ts";

const AS = { as: fileSet };
const OVERWRITE = { ...AS, version: "1", onConflict: "overwrite" } as const;

/** Files of one pack, in several pages. */
function manyFiles(count = 40, changed = -1): Record<string, Uint8Array<ArrayBuffer>> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, n) => [
      `folder/${String(n).padStart(3, "0")}`,
      filler(n === changed ? `changed ${n}` : `${n}`, 3_000),
    ]),
  );
}

async function checkWhole(registry: StoredRegistry, versions: Record<string, object>) {
  for (const [ref, files] of Object.entries(versions)) {
    assertEquals(await registry.load(ref, AS), files, ref);
  }
  assertEquals((await verifyRegistry(registry)).problems, []);
}

/** The pages of files of a version, without those above. */
async function pagesOf(registry: StoredRegistry, ref: string): Promise<string[]> {
  const { list } = await listOf(registry, ref);
  return (await list.pages()).map(({ from, object }) => `${from}/${object}`);
}

Deno.test("a save stores only the pages with changed files", async () => {
  const backend = createMemoryBackend();
  const registry = withSmallPages(await openRegistry(backend));
  await registry.save("m", manyFiles(), AS);
  const first = await pagesOf(registry, "m");
  await registry.save("m", manyFiles(40, 17), AS);
  const second = await pagesOf(registry, "m");
  const third = { ...manyFiles(40, 17), "folder/020b": filler("new", 3_000) };
  await registry.save("m", third, AS);
  const all = await pagesOf(registry, "m");
  assertEquals(second.length, first.length);
  assertEquals(new Set(second).difference(new Set(first)).size, 1);
  assertLessOrEqual(new Set(all).difference(new Set(second)).size, 2);
  const versions = { "m@1": manyFiles(), "m@2": manyFiles(40, 17), "m@3": third };
  await checkWhole(registry, versions);
  // the pages of deleted versions stay as long as others have them
  for (const [deleted, ref] of Object.keys(versions).slice(0, 2).entries()) {
    await registry.delete(ref);
    await collectGarbage(registry, { now: true });
    await checkWhole(registry, Object.fromEntries(Object.entries(versions).slice(deleted + 1)));
  }
  await registry.delete("m@3");
  await collectGarbage(registry, { now: true });
  assertEquals(await keysOf(backend, "objects/"), []);
});

Deno.test("the last page of a version that is gone is stored again", async () => {
  const backend = createMemoryBackend();
  const registry = withSmallPages(await openRegistry(backend));
  await registry.save("m", manyFiles(), AS);
  const [shared] = await pagesOf(registry, "m");
  const { list } = await listOf(registry, "m");
  const key = `objects/m/${shared}`;
  await list.find("folder/000");
  const second = createScriptedBackend(backend);
  const rival = withSmallPages(await openRegistry(second));
  // the page is lost after the base was read
  second.answer({ verb: "put", key: /versions/ }, pass);
  second.answerAll({ verb: "head", key: new RegExp(key) }, async () => {
    await backend.delete(key);
    return undefined;
  });
  await rival.save("m", manyFiles(40, 39), AS);
  assertEquals(await registry.load("m@2", AS), manyFiles(40, 39));
  assert(!(await pagesOf(registry, "m@2")).includes(shared!));
  await rejected("Corrupt", registry.load("m@1", AS));
});

Deno.test("a save that skips unchanged content stores nothing", async () => {
  const backend = createMemoryBackend();
  const registry = withSmallPages(await openRegistry(backend));
  await registry.save("m", manyFiles(), AS);
  const before = await keysOf(backend);
  const again = await registry.save("m", manyFiles(), { ...AS, skipIfUnchanged: true });
  assertEquals(again.version, "1.0.0");
  assertEquals(await keysOf(backend), before);
});

Deno.test("a save that ends in the middle leaves nothing readable, and gc frees it", async () => {
  const whole = createScriptedBackend(createMemoryBackend());
  const registry = withSmallPages(await openRegistry(whole));
  await registry.save("m", manyFiles(), AS);
  const puts = whole.asked({ verb: "put", key: /^objects/ });
  assertLess(8, puts.length);
  for (let at = 0; at < puts.length; at++) {
    const store = createMemoryBackend();
    const backend = createScriptedBackend(store);
    const broken = withSmallPages(await openRegistry(backend));
    for (let n = 0; n < at; n++) backend.answer({ verb: "put", key: /^objects/ }, pass);
    backend.answerAll({ verb: "put", key: /^objects/ }, at % 2 ? denied : lostReply);
    backend.answerAll({ verb: "delete" }, denied); // like a killed program
    await rejected(at % 2 ? "Denied" : "Unavailable", broken.save("m", manyFiles(), AS));
    const reader = await openRegistry(store);
    assertEquals(await Array.fromAsync(reader.names()), []);
    await rejected("NotFound", reader.load("m", AS));
    await collectGarbage(reader, { now: true });
    assertEquals(await keysOf(store, "objects/"), []);
  }
});

Deno.test("concurrent saves of one name are whole, and share what was there", async () => {
  const backend = createMemoryBackend();
  const registry = withSmallPages(await openRegistry(backend));
  await registry.save("m", manyFiles(), AS);
  const others = await Promise.all(
    Array.from({ length: 6 }, async (_, n) =>
      withSmallPages(await openRegistry(backend))
        .save("m", manyFiles(40, n * 5), AS).then(({ version }) => [version, n * 5] as const)),
  );
  for (const [version, changed] of others) {
    assertEquals(await registry.load(`m@${version}`, AS), manyFiles(40, changed));
  }
  await collectGarbage(registry, { now: true });
  await checkWhole(registry, { "m@1": manyFiles() });
});

Deno.test("overwritten, restored and copied versions keep their pages", async () => {
  const world = await createProtocolWorld({ mutable: true });
  const { registry, store } = world;
  withSmallPages(registry);
  await registry.save("m", manyFiles(), OVERWRITE);
  await registry.save("m", manyFiles(40, 3), OVERWRITE);
  await registry.delete("m@1");
  await registry.undelete("m@1");
  await checkWhole(registry, { "m@1": manyFiles(40, 3) });
  await registry.copy("m@1", "copy");
  await registry.copy("m@1", "m@2");
  const draft = await registry.openDraft("drafted", { id: "1" });
  const parts = Object.entries(manyFiles()).map(([path, content]) => ({ path, content }));
  await draft.addPart("a", parts.slice(0, 20));
  await draft.addPart("b", parts.slice(20));
  await draft.commit(AS);
  world.advance(3 * 86_400_000);
  await collectGarbage(registry);
  const versions = { "m@1": manyFiles(40, 3), "m@2": manyFiles(40, 3), copy: manyFiles(40, 3) };
  await checkWhole(registry, { ...versions, drafted: manyFiles() });
  const space = await measureSpace(registry);
  assertEquals(space.failures, []);
  const stored = (await keysOf(store, "objects/m/")).length;
  const needed = new Set([...await listKeys(registry, "m@1"), ...await listKeys(registry, "m@2")]);
  assertLess(stored - needed.size, 6); // packs of files
});

// Files of a draft that the latest version has, too, are stored once.
import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { fault } from "../../../core/errors.ts";
import { GRACE_MS, testProtocol } from "../protocol_world.ts";
import {
  AS,
  assertVerifies,
  headOf,
  KIB,
  MIB,
  overused,
  testStores,
} from "../payload/shared_bytes.ts";
import { keysOf, noise } from "../registries.ts";
import type { CommitDraftOptions } from "../../../core/registry/draft.ts";
import type { Registry } from "../../../core/registry.ts";

const SHARDS = [noise(MIB, 1), noise(2 * MIB, 2), noise(9 * MIB, 3)];
type Files = Record<string, Uint8Array>;
const FIRST: Files = { a: SHARDS[0]!, b: SHARDS[1]!, c: SHARDS[2]!, small: noise(1000, 4) };

async function commit(
  registry: Registry,
  id: string,
  files: Files,
  options: CommitDraftOptions = {},
): Promise<string> {
  const draft = await registry.openDraft("a", { id });
  for (const [path, content] of Object.entries(files)) await draft.addFile(path, content);
  return (await draft.commit(options)).version;
}

async function assertHas(registry: Registry, ref: string, files: Files): Promise<void> {
  const found = (await registry.open(ref)).files();
  assertEquals(found.map(({ info }) => info.path), Object.keys(files));
  for (const file of found) {
    const { path, size } = file.info;
    assertEquals(await file.bytes(), files[path]);
    const range = { offset: size - 100, length: 100 };
    const bytes = await Array.fromAsync(file.stream(range));
    assertEquals(concatBytes(bytes), files[path]!.subarray(size - 100));
  }
}

async function storedBytes(store: Backend): Promise<number> {
  let sum = 0;
  for await (const entry of store.list("objects/a/")) if ("key" in entry) sum += entry.size;
  return sum;
}

testStores("unchanged files of a draft are stored once", async (registry, store) => {
  await commit(registry, "1", FIRST);
  const before = await storedBytes(store);
  const changed = { ...FIRST, b: noise(2 * MIB, 5) };
  await commit(registry, "2", changed);
  const added = await storedBytes(store) - before;
  assert(added >= 2 * MIB && added < 2.1 * MIB, `${added} bytes`);
  await commit(registry, "3", changed); // shares with what shares
  assert(await storedBytes(store) - before - added < 100 * KIB);
  const renamed = { z: FIRST.c!, zz: FIRST.c! };
  await commit(registry, "4", renamed);
  assert(await storedBytes(store) - before - added < 100 * KIB);
  for (const [at, files] of [FIRST, changed, changed, renamed].entries()) {
    await assertHas(registry, `a@${at + 1}`, files);
  }
  assertEquals((await headOf(store)).files.length, 2);
  await assertVerifies(registry);
});

testStores("files of drafts and of saves share in both directions", async (registry, store) => {
  await registry.save("a", FIRST.b!);
  const before = await storedBytes(store);
  await commit(registry, "1", { b: FIRST.b! });
  await registry.save("a", FIRST.b!);
  assert(await storedBytes(store) - before < 100 * KIB);
  await assertHas(registry, "a@2", { b: FIRST.b! });
});

testStores(
  "a draft that shares nothing, or with another name, is whole",
  async (registry, store) => {
    await commit(registry, "1", { b: FIRST.b! });
    const before = await storedBytes(store);
    await commit(registry, "2", { b: FIRST.b! }, { share: "none" });
    assert(await storedBytes(store) - before >= 2 * MIB);
    await registry.copy("a@2", "b");
    await commit(registry, "3", { b: FIRST.b! }, { base: "b" });
    assert(await storedBytes(store) - before >= 4 * MIB);
    await assertHas(registry, "a@3", { b: FIRST.b! });
  },
);

testStores(
  "a compressed file takes the bytes of a plain one, and keeps its own",
  async (registry, store) => {
    const zeros = { b: new Uint8Array(2 * MIB) };
    await commit(registry, "1", zeros);
    const draft = await registry.openDraft("a", { id: "2" });
    await draft.addFile("b", zeros.b, { compress: "gzip" });
    await draft.commit();
    assertEquals((await headOf(store)).files[0]!.encoding, undefined);
    await assertHas(registry, "a@2", zeros);
    await assertVerifies(registry);
  },
);

testStores("a pack that a version would use little of is not shared", async (registry, store) => {
  const file = noise(200 * KIB, 9);
  const files = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`${i}`, noise(200 * KIB, i)]),
  );
  await registry.save("a", { ...files, file }, AS);
  await commit(registry, "1", { file, b: FIRST.b! });
  await assertHas(registry, "a@2", { b: FIRST.b!, file });
  await registry.delete("a@1");
  assertEquals((await overused(store)).filter((each) => each.includes(" of ")), []);
});

const shared = { b: FIRST.b! };

testProtocol(
  "the base of a draft can go, and garbage collection keeps what is shared",
  async (world) => {
    const { registry, advance, keys } = world;
    await commit(registry, "1", shared);
    await commit(registry, "2", shared);
    assertEquals((await keys("objects/")).length, 1);
    await registry.delete("a@1");
    for (let turn = 0; turn < 4; turn++) {
      advance(20 * GRACE_MS);
      await collectGarbage(registry);
    }
    await assertHas(registry, "a@2", shared);
    assertEquals([(await keys("objects/")).length, (await keys("drafts/")).length], [1, 0]);
  },
);

testProtocol("a draft whose base is deleted meanwhile keeps its own bytes", async (world) => {
  const { registry, backend, advance, keys, open } = world;
  await commit(registry, "1", shared);
  const draft = await registry.openDraft("a", { id: "2" });
  await draft.addFile("b", shared.b);
  const { registry: other } = await open();
  backend.answer({ verb: "head", key: /^objects\/a\/_/ }, async (call) => {
    await other.delete("a@1");
    advance(GRACE_MS / 6); // the view of the base is too old to be believed
    return await call();
  });
  await draft.commit();
  await assertHas(registry, "a@2", shared);
  assertEquals((await keys("objects/")).length, 2);
});

testProtocol("a lost reply and a repeated commit find the version", async (world) => {
  const { registry, backend, keys } = world;
  await commit(registry, "1", shared);
  const draft = await registry.openDraft("a", { id: "2" });
  await draft.addFile("b", shared.b);
  backend.answer(
    { verb: "delete" },
    () => Promise.reject(fault({ code: "Unavailable", action: "delete", state: "down" })),
  );
  const saved = await draft.commit();
  assertEquals([saved.version, saved.skipped], ["2.0.0", false]);
  backend.heal();
  const again = await draft.commit();
  assertEquals([again.version, again.skipped], ["2.0.0", true]);
  assertEquals((await keys("objects/")).length, 2, "gc removes it later");
  await assertHas(registry, "a@2", shared);
});

testProtocol("concurrent commits end in one version, whose bytes stay", async (world) => {
  const { registry, open, keys } = world;
  await commit(registry, "1", shared);
  const draft = await registry.openDraft("a", { id: "2" });
  await draft.addFile("b", shared.b);
  const others = await Promise.all([open(), open(), open()]);
  const drafts = await Promise.all(
    others.map(({ registry }) => registry.openDraft("a", { id: "2" })),
  );
  const saved = await Promise.all([draft, ...drafts].map((each) => each.commit()));
  assertEquals([...new Set(saved.map(({ version }) => version))], ["2.0.0"]);
  assertEquals((await keys("objects/")).length, 1);
  await assertHas(registry, "a@2", shared);
});

testProtocol("a lost object of the base is not shared", async (world) => {
  const { registry, store } = world;
  await commit(registry, "1", shared);
  for (const key of await keysOf(store, "objects/")) await store.delete(key);
  await commit(registry, "2", shared);
  await assertHas(registry, "a@2", shared);
});

// Sizes of stored objects are compared with the lists of the store.
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { rename, symlink } from "node:fs/promises";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { mirrorRegistry, verifyRegistry } from "../../../apps/maintenance.ts";
import type { VerifyOptions } from "../../../apps/maintenance.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import type { Backend } from "../../../mod.ts";
import { filledTest } from "../../apps/captured_io.ts";
import { withCounts } from "../../bench/counted_backend.ts";
import { keysOf, noise, testOnEach } from "../../registry/registries.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { createVerifyWorld, fillAtRandom } from "./parts/verify_world.ts";

const LISTED = { listed: true };

testOnEach("listed sizes show lost and cut objects", async ({ registry, backend }) => {
  for (const name of ["a", "a-b", "a:b", "b", "c"]) await registry.save(name, noise(400_000));
  await registry.save("c", "in its record");
  const sound = await verifyRegistry(registry, LISTED);
  assertEquals([sound.ok, sound.listed], [true, { objects: 5, bytes: 5 * 400_000 }]);
  assertEquals([sound.versions, sound.files, sound.bytes, sound.unseen.files], [6, 0, 0, 6]);

  const lost = (await keysOf(backend, "objects/a/"))[0]!;
  const cut = (await keysOf(backend, "objects/b/"))[0]!;
  const changed = (await keysOf(backend, "objects/c/"))[0]!;
  await backend.delete(lost);
  await backend.put(cut, noise(399_999));
  await backend.put(changed, noise(400_000, 2)); // only a read finds it
  for (const options of [LISTED, { ...LISTED, names: ["b", "a", "c"] }]) {
    const { ok, problems, listed } = await verifyRegistry(registry, options);
    const found = problems.map(({ ref, key, code, message }) => [ref, key, code, message]);
    const [ofA, ofB] = found.toSorted();
    assertEquals([ok, found.length, listed!.objects], [false, 2, "names" in options ? 1 : 3]);
    assertEquals(ofA!.slice(0, 3), ["a@1.0.0", lost, "Corrupt"]);
    assertEquals(ofB!.slice(0, 3), ["b@1.0.0", cut, "Corrupt"]);
    assertMatch(ofA![3]!, /file "[\w.]+" of "a@1\.0\.0": a stored object is missing/);
    assertMatch(ofB![3]!, /a stored object is cut off: 399999 bytes, expected at least 400000/);
  }
  assertEquals((await verifyRegistry(registry, { deep: false })).ok, true);
});

Deno.test("listed sizes cost no request for each object, and a repair uses them", async () => {
  const { backend, calls } = withCounts(createMemoryBackend());
  const registry = await openRegistry(backend, { cache: false });
  const count = 20;
  for (let n = 0; n < count; n++) await registry.save(`n${n}`, noise(400_000, n));
  const copy = await openRegistry(createMemoryBackend(), { cache: false });
  await mirrorRegistry(registry, copy);
  calls.take();
  assertEquals((await verifyRegistry(registry, LISTED)).ok, true);
  const { head = 0, get = 0 } = calls.counts;
  assertEquals([head, get <= count + 2], [0, true], calls.take());

  for (const key of await keysOf(backend, "objects/n1")) await backend.delete(key);
  const { ok, repaired } = await verifyRegistry(registry, { ...LISTED, repairFrom: copy });
  assertEquals([ok, repaired!.length], [true, 11]);
  assertEquals((await verifyRegistry(registry)).ok, true);
});

Deno.test("a sample with listed sizes finds a lost object in any window, and reports it once", async () => {
  const { registry, backend } = await createVerifyWorld(1);
  for (let n = 0; n < 8; n++) await registry.save("a", noise(400_000, n), { share: "none" });
  const keys = await keysOf(backend, "objects/a/");
  await backend.delete(keys[3]!);
  for (const sample of [1 / 30, 1]) {
    const { problems, files, unseen } = await verifyRegistry(registry, { ...LISTED, sample });
    assertEquals(problems.map(({ key }) => key), [keys[3]], `${sample}`);
    assertEquals(files + unseen.files, 7);
  }
});

Deno.test("a list that is late or wrong is not damage: each object that differs is asked for", async () => {
  const memory = createMemoryBackend();
  const writer = await openRegistry(memory, { mutable: true, cache: false });
  await writer.save("a", noise(400_000), { version: "1.0.0" });
  await writer.save("b", noise(400_000), { version: "1.0.0" });
  let lists = 0;
  const late: Backend = {
    ...memory,
    async *list(prefix, options) {
      if (prefix.startsWith("objects/") && lists++ === 0) {
        for await (const entry of memory.list("objects/a/", options)) yield entry;
        await writer.save("b", noise(500_000, 2), { version: "1.0.0", onConflict: "overwrite" });
        await collectGarbage(writer, { now: true });
        return;
      }
      yield* memory.list(prefix, options);
    },
  };
  const reader = await openRegistry(late, { cache: false });
  const { ok, problems, listed } = await verifyRegistry(reader, LISTED);
  assertEquals([ok, problems, listed!.objects], [true, [], 2]);
  assert(lists > 0);
});

Deno.test("listed sizes agree with reads, however files are stored", async () => {
  for (const seed of [1, 2]) {
    const world = await createVerifyWorld(seed);
    await fillAtRandom(world);
    const { registry, backend } = world;
    const { ok, problems } = await verifyRegistry(registry, LISTED);
    assertEquals([ok, problems], [true, []]);
    for (const key of await keysOf(backend, "objects/")) {
      const bytes = await (await backend.get(key))!.bytes();
      for (const change of [undefined, bytes.slice(0, -1)]) {
        if (change === undefined) await backend.delete(key);
        else await backend.put(key, change);
        const found = async (options: VerifyOptions) =>
          (await verifyRegistry(registry, options)).problems.map(({ ref, path }) => [ref, path]);
        assertEquals(await found(LISTED), await found({}), `${key} ${change?.length}`);
      }
      await backend.put(key, bytes);
    }
  }
});

Deno.test("shards report a lost object once, whichever of them reads it", async () => {
  const backend = createMemoryBackend();
  const registry = await openRegistry(backend, { cache: false });
  for (let n = 0; n < 9; n++) await registry.save("a", noise(400_000, n), { share: "none" });
  const keys = await keysOf(backend, "objects/a/");
  for (const key of keys.slice(0, 3)) await backend.delete(key);
  const count = 3;
  for (const options of [LISTED, { ...LISTED, sample: 1 }]) {
    const found: string[] = [];
    let objects = 0, files = 0;
    for (let index = 0; index < count; index++) {
      const report = await verifyRegistry(registry, { ...options, shard: { index, count } });
      found.push(...report.problems.map(({ key }) => key));
      objects += report.listed!.objects;
      files += report.files + report.unseen.files;
    }
    assertEquals([found.toSorted(), objects], [keys.slice(0, 3), 6]);
    if ("sample" in options) assertEquals(files, 6);
  }
});

Deno.test("a lost object counts as damage in the run that would read it", async () => {
  const backend = createMemoryBackend();
  const registry = await openRegistry(backend, { cache: false });
  await registry.save("a", noise(400_000), { share: "none" });
  for (const key of await keysOf(backend, "objects/a/")) await backend.delete(key);
  let damaged = 0;
  for (let run = 0; run < 3; run++) {
    const { problems, coverage } = await verifyRegistry(registry, { ...LISTED, sample: 1 / 3 });
    assertEquals(problems.length, 1);
    damaged = coverage!.damaged;
  }
  assertEquals(damaged.toFixed(2), "0.33"); // of the run that would read it
});

Deno.test("a lost object of many files takes few requests", async () => {
  const { backend, calls } = withCounts(createMemoryBackend());
  const registry = await openRegistry(backend, { cache: false });
  const files = Array.from({ length: 300 }, (_, n) => ({ path: `${n}`, content: noise(900, n) }));
  const as = { id: "folder", formatVersion: 1, load: () => 0, save: () => files };
  await registry.save("set", 0, { as });
  const [pack] = await keysOf(backend, "objects/set/");
  await backend.delete(pack!);
  calls.take();
  const { problems } = await verifyRegistry(registry, LISTED);
  assertEquals(new Set(problems.map(({ key }) => key)), new Set([pack]));
  assertEquals(problems.length, files.length);
  const { get = 0, head = 0, list = 0 } = calls.counts;
  assert(get + head + list < 30, JSON.stringify(calls.counts));
});

testInRoot("a folder of payload that is a link is a problem of its versions", async (root) => {
  const registry = await openRegistry(root.join("r"), { cache: false });
  for (const name of ["a", "b"]) await registry.save(name, noise(200_000));
  await rename(root.join("r/objects/b"), root.join("moved"));
  await symlink(root.join("moved"), root.join("r/objects/b"));
  for (const names of [undefined, ["b"], ["b@1"]]) {
    const { problems } = await verifyRegistry(registry, { ...LISTED, names });
    assertEquals(problems.map(({ ref, code }) => [ref, code]), [["b@1.0.0", "Denied"]]);
  }
});

Deno.test("one version lists its own payload, and a failed run ends its lists", async () => {
  const memory = createMemoryBackend();
  const writer = await openRegistry(memory, { cache: false });
  for (let n = 0; n < 3; n++) await writer.save("a", noise(400_000, n));
  await writer.save("a", noise(400_000, 1)); // shares an object
  const listed = new Set<string>(), open = new Set<object>();
  const spy: Backend = {
    ...memory,
    async *list(prefix, options) {
      const own = {};
      open.add(own);
      try {
        for await (const entry of memory.list(prefix, options)) {
          if ("key" in entry && entry.key.startsWith("objects/")) listed.add(entry.key);
          yield entry;
        }
      } finally {
        open.delete(own);
      }
    },
  };
  const reader = await openRegistry(spy, { cache: false });
  for (const ref of ["a@2.0.0", "a@4.0.0"]) {
    listed.clear();
    const { ok, listed: counts } = await verifyRegistry(reader, { ...LISTED, names: [ref] });
    assertEquals([ok, counts!.objects, listed.size <= 1], [true, 1, true]);
  }
  const controller = new AbortController();
  const { signal } = controller;
  const onProgress = () => controller.abort();
  await assertRejects(() => verifyRegistry(reader, { ...LISTED, onProgress, signal }));
  assertEquals(open.size, 0);
});

filledTest("verify --listed prints that it is only a look", async (it) => {
  await it.succeeds("save big -", { stdin: new Uint8Array(200_000) });
  const { err, out } = await it.holdfast("verify --listed");
  assertMatch(out, /^No problems: 5 versions, 0 files, 0 B\n$/);
  assertMatch(err, /^Listed as expected: 1 object, 195 KiB\. Only reading finds changed bytes$/m);
  assertStringIncludes(err, "Not checked: 6 files");
  const json = JSON.parse(await it.succeeds("verify --sample 1/2 --listed --json"));
  assertEquals([json.listed.objects, json.later.runs], [1, 2]);
  assertEquals(JSON.parse(await it.succeeds("verify --json")).listed, undefined);
});

import { assert, assertEquals, assertLess } from "@std/assert";
import fs from "node:fs";
import type { Backend } from "../../../core/backend.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { ListMaker } from "../../../core/bytes/content_chunks.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { SaveOptions, StoredRegistry } from "../../../core/registry.ts";
import { localPath, openRegistry } from "../../../mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import { changeSettings, readSettings } from "../../../registry/tools/settings.ts";
import { collectGarbage, measureSpace } from "../../../extensions/maintenance/mod.ts";
import { encodeRecord } from "../../../registry/format/record_codec.ts";
import { createRandom } from "../../simulate/random.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { fileSet } from "../protocol_world.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import {
  AS,
  assertVerifies,
  blobOf,
  edited,
  headOf,
  KIB,
  MIB,
  overused,
  storeOf,
  testStores,
} from "./shared_bytes.ts";

testStores("a changed file stores its new bytes alone", async (registry, store) => {
  const first = noise(2 * MIB);
  const second = edited(first, MIB);
  const third = concatBytes([noise(500, 5), second, noise(100 * KIB, 6)]);
  await registry.save("a", first);
  const base = await headOf(store);
  const saved = await registry.save("a", second);
  assert(saved.addedBytes! < 100 * KIB, `${saved.addedBytes} bytes`);
  const { files: [file] } = await headOf(store);
  const places = file!.parts!.map(({ from }) => from?.split("/")[1]);
  assertEquals(places, [base.commit, undefined, base.commit]);
  assert((await registry.save("a", third)).addedBytes! < 300 * KIB);
  assertEquals(await registry.load("a@1"), first);
  assertEquals(await registry.load("a@2"), second);
  assertEquals(await registry.load("a@3"), third);
  await assertVerifies(registry);
});

testStores("bytes of any content are shared, and streams are stored whole", async (registry) => {
  const root = await tempRoot();
  const first = noise(2 * MIB);
  const second = edited(first, 300 * KIB);
  const path = root.join("data.bin");
  fs.writeFileSync(path, second);
  const contents = {
    blob: blobOf(second),
    disk: localPath(path),
    bytes: second,
  };
  for (const [name, content] of Object.entries(contents)) {
    const given = name === "disk" ? localPath(path) : content;
    const base = name === "blob" ? blobOf(first) : first;
    if (name === "disk") fs.writeFileSync(path, first);
    await registry.save(name, name === "disk" ? localPath(path) : base);
    fs.writeFileSync(path, second);
    const { addedBytes } = await registry.save(name, given);
    assert(addedBytes! < 100 * KIB, `${name}: ${addedBytes} bytes`);
    const { files } = (await registry.open(name)).info;
    assert(files.some((file) => file.sha256 === sha256(second)), name);
  }
  const stream = () => ({ "data.bin": blobOf(second).stream() });
  const files = async function* () {
    yield { path: "data.bin", content: (await Promise.resolve(stream()))["data.bin"] };
  };
  await registry.save("stream", { "data.bin": first }, AS);
  const { addedBytes } = await registry.save("stream", files, AS);
  assert(addedBytes! >= second.byteLength);
  assertEquals(await registry.load("stream", { as: fileSet }), { "data.bin": second });
  await root.remove();
});

testStores("compressed files, and those of share: files, share no bytes", async (registry) => {
  const first = noise(MIB);
  const second = edited(first, MIB / 2);
  for (const options of [{ compress: "gzip" }, { share: "files" }] as const) {
    await registry.save("a", first);
    const { addedBytes } = await registry.save("a", second, options);
    assert(addedBytes! >= MIB);
    assertEquals(await registry.load("a"), second);
  }
});

testStores(
  "the settings say what saves share, unless they say it themselves",
  async (registry, store) => {
    const bytes = noise(MIB);
    const isWhole = async (writer: StoredRegistry, options?: SaveOptions) => {
      bytes[MIB / 2]! ^= 1;
      const { addedBytes } = await writer.save("a", bytes.slice(), options);
      return addedBytes! >= MIB;
    };
    await registry.save("a", bytes.slice());
    assertEquals((await changeSettings(registry, { share: "files" })).share, "files");
    await changeSettings(registry, { graceMs: 48 * 3_600_000 }); // keeps it
    const later = await openRegistry(store, { cache: false });
    assertEquals([await isWhole(registry), await isWhole(later)], [true, true]);
    assertEquals(await isWhole(later, { share: "bytes" }), false);
    await changeSettings(later, { share: "bytes" });
    assertEquals([await isWhole(later), await isWhole(registry)], [false, true]);
    assertEquals((await readSettings(registry)).share, "bytes");
    assertEquals(await isWhole(registry), false);
    assertEquals((await readSettings(later)).graceMs, 48 * 3_600_000);
  },
  ["memory"], // a bucket has no list of the chunks of a version that shares none
);

testStores("small files are unchanged", async (registry, store) => {
  await registry.save("a", noise(255 * KIB));
  await registry.save("a", edited(noise(255 * KIB), 1000));
  assertEquals((await keysOf(store, "objects/")).length, 2);
  assertEquals((await headOf(store)).files[0]!.chunks, undefined);
});

testStores("content that changes between its two reads is a conflict", async (registry) => {
  const first = noise(MIB);
  await registry.save("a", first);
  let reads = 0;
  const content = {
    size: MIB,
    stream: () => blobOf(edited(first, MIB / 2, 1000, ++reads)).stream(),
  };
  const files = async function* () {
    yield { path: "data.bin", content: await Promise.resolve(content) };
  };
  await rejected("Conflict", registry.save("a", files, AS));
  assertEquals(await registry.load("a"), first);
});

testStores("values without anything in common are stored whole", async (registry) => {
  await registry.save("a", noise(MIB));
  const { addedBytes } = await registry.save("a", noise(MIB, 9));
  assert(addedBytes! >= MIB && addedBytes! < 1.02 * MIB);
});

testStores("a missing object of the base is not pointed to", async (registry, store) => {
  const first = noise(MIB);
  await registry.save("a", first);
  const record = await headOf(store);
  await store.delete(`objects/a/${await orderOf(store)}/${record.commit}/0`);
  const second = edited(first, MIB / 2);
  await registry.save("a", second);
  assertEquals(await registry.load("a"), second);
});

async function orderOf(store: Backend): Promise<string> {
  const [key] = await keysOf(store, "objects/a/");
  return key!.split("/")[2]!;
}

const DAMAGE: Record<string, (list: Uint8Array) => Uint8Array | undefined> = {
  missing: () => undefined,
  truncated: (list) => list.subarray(0, -1),
  empty: () => new Uint8Array(),
  "of another file": () => listOf(noise(MIB, 3)),
  "of a shorter file": () => listOf(noise(MIB - 1)),
  "of a longer file": () => listOf(noise(2 * MIB)),
  "with long chunks": (list) => withLength(list, 2 ** 32 - 1),
  "with empty chunks": (list) => withLength(list, 0),
  "of a million chunks": () => new Uint8Array(4 + 36_000_000),
};

function listOf(bytes: Uint8Array): Uint8Array {
  const maker = new ListMaker(16 * KIB);
  maker.update(bytes);
  return maker.end().encode()!;
}

function withLength(list: Uint8Array, length: number): Uint8Array {
  const copy = list.slice();
  new DataView(copy.buffer).setUint32(4, length, true);
  return copy;
}

for (const [state, change] of Object.entries(DAMAGE)) {
  for (const known of [false, true]) {
    const how = known ? ", with its digest" : "";
    testStores(`a list of chunks that is ${state}${how} is not used`, async (registry, store) => {
      const first = noise(MIB);
      await registry.save("a", first);
      await replaceList(store, change, known);
      const second = edited(first, MIB / 2);
      const { addedBytes } = await registry.save("a", second);
      assert(addedBytes! < 1.02 * MIB);
      assertEquals(await registry.load("a"), second);
      const third = edited(second, 100_000);
      assert((await registry.save("a", third)).addedBytes! < 100 * KIB);
      assertEquals(await registry.load("a"), third);
    }, ["far"]);
  }
}

/** Changes the list of the newest version; `known` also in its record. */
async function replaceList(
  store: Backend,
  change: (list: Uint8Array) => Uint8Array | undefined,
  known: boolean,
  facts: Record<string, number> = {},
): Promise<void> {
  const record = await headOf(store);
  const { chunks } = record.files[0]!;
  const key = `objects/a/${await orderOf(store)}/${record.commit}/${chunks!.object}`;
  const changed = change(await (await store.get(key))!.bytes());
  if (changed === undefined) await store.delete(key);
  else await store.put(key, changed);
  if (!known) return;
  const [recordKey] = await keysOf(store, "names/a/versions/");
  const bytes = changed ?? new Uint8Array();
  Object.assign(chunks!, { offset: 0, size: bytes.byteLength, sha256: sha256(bytes), ...facts });
  await store.put(recordKey!, encodeRecord(record));
}

testStores("a list of a length of 2^53 is refused before it is read", async (registry, store) => {
  const first = noise(MIB);
  await registry.save("a", first);
  await replaceList(store, (list) => list, true, { size: Number.MAX_SAFE_INTEGER });
  await registry.save("a", edited(first, 1000));
  assertEquals(await registry.load("a"), edited(first, 1000));
}, ["far"]);

testStores("a list of chunks that was replaced is not used", async (registry, store) => {
  const first = noise(MIB);
  await registry.save("a", first);
  const second = edited(first, MIB / 2);
  await replaceList(store, () => listOf(second), false);
  await registry.save("a", second);
  assertEquals(await registry.load("a"), second);
}, ["far"]);

testStores("a list that lies yields no wrong bytes", async (registry, store) => {
  const first = noise(MIB);
  await registry.save("a", first);
  const second = edited(first, MIB / 2);
  await replaceList(store, () => listOf(second), true);
  await registry.save("a", second);
  await rejected("Corrupt", registry.load("a"));
  await registry.save("a", second, { share: "none" });
  assertEquals(await registry.load("a"), second);
}, ["far"]);

testStores("equal content is found whole, and skipIfUnchanged skips it", async (registry) => {
  const value = edited(noise(MIB), 5000);
  await registry.save("a", noise(MIB));
  await registry.save("a", value);
  assert((await registry.save("a", value.slice())).addedBytes! < 10 * KIB);
  const again = await registry.save("a", value.slice(), { skipIfUnchanged: true });
  assertEquals([again.skipped, again.version], [true, "3.0.0"]);
});

testStores("versions of random edits stay whole while others go", async (registry, store) => {
  const random = createRandom(42);
  let value: Uint8Array = noise(3 * MIB);
  const live = new Map<string, Uint8Array>();
  for (let n = 0; n < 24; n++) {
    const { version } = await registry.save("a", value);
    live.set(version, value);
    if (n % 3 === 2) {
      const gone = random.pick([...live.keys()]);
      live.delete(gone);
      await registry.delete(`a@${gone}`);
      const { failures } = await collectGarbage(registry, { now: true });
      assertEquals(failures, []);
      assertEquals(await overused(store), []);
      const { names: [space] } = await measureSpace(registry);
      assert(space!.unusedBytes <= space!.bytes / 2);
    }
    for (const [version, bytes] of live) assertEquals(await registry.load(`a@${version}`), bytes);
    for (let edits = random.between(1, 20); edits > 0; edits--) {
      value = edited(value, random.int(value.byteLength - 70_000), random.int(70_000), n);
    }
  }
  await assertVerifies(registry);
});

testStores("gc removes single objects of a folder", async (registry, store) => {
  const [one, other] = [noise(MIB), noise(MIB, 2)];
  await registry.save("a", { one, other }, AS);
  const before = await keysOf(store, "objects/");
  const files = { one: edited(one, 5000), other: noise(MIB, 4) };
  await registry.save("a", files, AS);
  await registry.delete("a@1");
  assertEquals(
    await keysOf(store, "objects/").then((keys) => before.every((key) => keys.includes(key))),
    true,
  );
  const { removed } = await collectGarbage(registry, { now: true });
  assert(removed.payload.bytes >= MIB && removed.payload.bytes < 1.1 * MIB);
  assertEquals(await registry.load("a", { as: fileSet }), files);
  assertEquals(await overused(store), []);
});

testStores("copies and drafts of shared bytes are whole", async (registry) => {
  const first = noise(2 * MIB);
  const second = edited(first, MIB);
  await registry.save("a", first);
  await registry.save("a", second);
  await registry.copy("a@2", "b");
  assertEquals(await registry.load("b"), second);
  const draft = await registry.openDraft("a", { id: "d" });
  await draft.addFile("data.bin", second);
  await draft.commit({ as: fileSet });
  const third = edited(second, 1000);
  assert(
    (await registry.save("a", { "data.bin": third }, AS)).addedBytes! <
      100 * KIB,
  );
  assertEquals(await registry.load("a", { as: fileSet }), { "data.bin": third });
  await assertVerifies(registry);
});

testStores("workers of a batch share bytes", async (registry) => {
  const first = noise(2 * MIB);
  await registry.save("a", first);
  const batch = createBatch(registry);
  await batch.save({ name: "a", value: edited(first, MIB) });
  await batch.close();
  assertEquals(await registry.load("a"), edited(first, MIB));
}, ["memory"]);

Deno.test("windows over a file in many objects need few requests each", async () => {
  let requests = 0;
  const inner = storeOf("far");
  const get: typeof inner.get = (...given) => {
    if (given[0].startsWith("objects/")) requests++;
    return inner.get(...given);
  };
  const registry = await openRegistry({ ...inner, get }, { cache: false });
  let content: Uint8Array = noise(4 * MIB, 1);
  for (let version = 0; version < 30; version++) {
    content = edited(content, (version * 1_234_567) % (4 * MIB - 1000), 1000, version);
    await registry.save("a", { file: content }, AS);
  }
  const [file] = (await registry.open("a")).files();
  const windowBytes = 64 * KIB;
  const windows = content.byteLength / windowBytes;
  requests = 0;
  const chunks = await Array.fromAsync(file!.stream(undefined, { windowBytes }));
  assertEquals(sha256(concatBytes(chunks)), sha256(content));
  assert(chunks.every(({ byteLength }) => byteLength <= windowBytes));
  assertLess(requests, 3 * windows); // one for each, and for each change
});

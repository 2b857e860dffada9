// Mirrors of files that share chunks, in stores of each kind.
import { assert, assertEquals } from "@std/assert";
import { concatBytes } from "../../../../core/bytes/bytes.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { encodeRecord } from "../../../../registry/format/record_codec.ts";
import { measureSpace } from "../../../../extensions/maintenance/mod.ts";
import {
  assertVerifies,
  edited,
  headOf,
  KIB,
  MIB,
  storeOf,
  testStores,
} from "../../../registry/payload/shared_bytes.ts";
import { keysOf, noise } from "../../../registry/registries.ts";

testStores("a mirror of shared bytes is whole, and shares them", async (registry, store) => {
  const first = noise(2 * MIB);
  const second = edited(first, MIB);
  await registry.save("a", first);
  await registry.save("a", second);
  await registry.copy("a@2", "b");
  const target = storeOf(store.kind === "memory" ? "far" : "memory");
  const mirror = await openRegistry(target, { cache: false });
  await mirrorRegistry(registry, mirror);
  assertEquals(await mirror.load("a@1"), first);
  assertEquals(await mirror.load("a@2"), second);
  assertEquals(await mirror.load("b"), second);
  const [bytes] = (await measureSpace(mirror)).names.filter(({ name }) => name === "a");
  assert(bytes!.bytes < 2.2 * MIB, `${bytes!.bytes} bytes`);
  await assertVerifies(mirror);
});

testStores("a mirror lists the chunks of a file whose list is wrong", async (registry, store) => {
  const value = noise(MIB + 200 * KIB);
  await registry.save("a", value);
  await registry.save("a", edited(value, MIB));
  const record = await headOf(store);
  const [file] = record.files;
  const chunks = file!.chunks!;
  const [at] = await keysOf(store, "names/a/versions/");
  const list = `objects/a/${at!.split("/")[4]}/${record.commit}/${chunks.object}`;
  const wrong = await (await store.get(list))!.bytes();
  wrong[20]! ^= 1; // in the digest of the first chunk
  await store.put(list, wrong);
  chunks.sha256 = sha256(wrong);
  await store.put(at!, encodeRecord(record));
  const mirror = await openRegistry(storeOf("far"), { cache: false });
  assertEquals((await mirrorRegistry(registry, mirror)).failures, []);
  const range = (await mirror.open("a@2")).files()[0]!.stream({ offset: 7, length: 9 });
  assertEquals(concatBytes(await Array.fromAsync(range)), value.slice(7, 16));
  await assertVerifies(mirror);
}, ["far"]);

import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import type { Part, VersionRecord } from "../../../core/record.ts";
import type { Registry } from "../../../core/registry.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { collect, rejected } from "../rejected.ts";
import { keysOf, noise, type RegistryWorld, testInMemory, testOnEach } from "../registries.ts";
import { withAge } from "../with_age.ts";
import { withHooks } from "../with_hooks.ts";

const WEEK_MS = 7 * 24 * 3_600_000;
/** The part in the record's own payload, between two of other versions. */
const OWN = noise(1_000, 3);
const ONE = noise(300_000), TWO = noise(400_000, 2);
const VALUE = new Uint8Array([...ONE.subarray(1_000, 201_000), ...OWN, ...TWO]);

/** Saves `a@3` with one file in three places: in `a@1`, in `a@2`, and its own. */
async function saveInPlaces(
  { registry, backend }: Pick<RegistryWorld, "registry" | "backend">,
): Promise<Record<"one" | "own" | "two", string>> {
  await registry.save("a", ONE);
  await registry.save("a", TWO, { share: "none" });
  await registry.save("a", VALUE, { share: "none" });
  const objects = await keysOf(backend, "objects/a/");
  const key = (version: number) =>
    objects.find((object) => object.includes(`/p${9 - version}p9p9/`))!;
  const from = (version: number) => key(version).split("/").slice(2, 4).join("/");
  const part = (bytes: Uint8Array, more: Partial<Part>): Part => ({
    object: 0,
    size: bytes.byteLength,
    ...more,
  });
  await backend.put(key(3), OWN);
  await rewrite(backend, [
    part(ONE.subarray(1_000, 201_000), { offset: 1_000, from: from(1) }),
    part(OWN, {}),
    part(TWO, { from: from(2) }),
  ]);
  return { one: key(1), own: key(3), two: key(2) };
}

async function rewrite(backend: Backend, parts: Part[]): Promise<void> {
  const [key] = await keysOf(backend, "names/a/versions/");
  const record = decodeRecord(await (await backend.get(key))!.bytes(), key).record as VersionRecord;
  const files = [{ ...record.files[0], parts }];
  await backend.put(key, encodeRecord({ ...record, files }));
}

async function rangeOf(registry: Registry, offset: number, length: number): Promise<Uint8Array> {
  const [file] = (await registry.open("a@3")).files();
  return new Uint8Array(
    (await collect(file.stream({ offset, length }))).flatMap((chunk) => [...chunk]),
  );
}

testOnEach("a file with parts in payloads of other versions is readable", async (world) => {
  const { registry, root } = world;
  await saveInPlaces(world);
  assertEquals(await registry.load("a"), VALUE);
  assertEquals(await rangeOf(registry, 199_990, 1_020), VALUE.slice(199_990, 201_010));
  assertEquals((await verifyRegistry(registry)).ok, true);
  await registry.download("a", { to: root.join("a.bin") });
  assertEquals((await registry.info("a")).size, VALUE.byteLength);
});

testOnEach("gc keeps payload that only a part refers to", async (world) => {
  const { registry, backend, open } = world;
  await saveInPlaces(world);
  await registry.delete("a@1");
  await registry.delete("a@2");
  const before = await keysOf(backend, "objects/");
  assertEquals(
    (await collectGarbage(await open({}, (store) => withAge(store, WEEK_MS)))).failures,
    [],
  );
  assertEquals(await keysOf(backend, "objects/"), before);
  assertEquals(await registry.load("a"), VALUE);
  await registry.delete("a@3");
  await collectGarbage(await open({}, (store) => withAge(store, WEEK_MS)));
  assertEquals(await keysOf(backend, "objects/"), []);
});

testOnEach("a range of a small file is verified, wherever its parts are", async (world) => {
  const { registry, backend } = world;
  const { two, own } = await saveInPlaces(world);
  for (const [offset, length] of [[0, 200_000], [10, 5], [200_000, 1_000], [199_999, 1_001]]) {
    assertEquals(await rangeOf(registry, offset, length), VALUE.slice(offset, offset + length));
  }
  for (
    const [key, damaged] of [[two, TWO.with(300_000, TWO[300_000]! ^ 1)], [own, noise(1_000, 4)]]
  ) {
    const bytes = await (await backend.get(key as string))!.bytes();
    await backend.put(key as string, damaged as Uint8Array);
    await rejected("Corrupt", rangeOf(registry, 10, 5));
    await rejected("Corrupt", registry.load("a"));
    const [file] = (await registry.open("a@3", { verify: "none" })).files();
    assertEquals((await collect(file.stream({ offset: 200_000, length: 1_000 }))).length > 0, true);
    await backend.put(key as string, bytes);
  }
});

testInMemory("a part in another name is Corrupt", async (world) => {
  const { registry, backend } = world;
  await saveInPlaces(world);
  await rewrite(backend, [{ object: 0, size: VALUE.byteLength, from: "../../other/x" }]);
  await rejected("Corrupt", registry.load("a"));
});

const WINDOW = 64 * 1024;
const LONG = noise(1_000_000);

/** A memory store that counts the bytes of each get of payload. */
function countGets(): { backend: Backend; sizes: number[] } {
  const inner = createMemoryBackend();
  const sizes: number[] = [];
  const backend = withHooks(inner, {});
  backend.get = async (key, options) => {
    const object = await inner.get(key, options);
    if (object !== undefined && key.startsWith("objects/")) {
      sizes.push((await object.bytes()).byteLength);
    }
    return object;
  };
  return { backend, sizes };
}

async function read(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Blob(await collect(stream) as BlobPart[]).arrayBuffer());
}

Deno.test("a file without a list is read through once, then its ranges by chunks", async () => {
  const { backend, sizes } = countGets();
  const registry = await openRegistry(backend);
  await registry.save("a", LONG);
  const [file] = (await registry.open("a")).files();
  const range = (offset: number, length: number) =>
    read(file.stream({ offset, length }, { windowBytes: WINDOW }));
  assertEquals(await range(70_000, 200_000), LONG.slice(70_000, 270_000));
  assertEquals(sizes.shift(), LONG.byteLength);
  assertEquals(await range(999_000, 5_000), LONG.slice(999_000));
  assert(Math.max(...sizes) <= WINDOW);
  assert(sizes.reduce((sum, size) => sum + size, 0) < 201_000 + 4 * WINDOW);
});

for (const compress of [undefined, "gzip", "zstd"] as const) {
  Deno.test(`a damaged file is Corrupt, also in windows (${compress ?? "plain"})`, async () => {
    const { backend } = countGets();
    const registry = await openRegistry(backend);
    await registry.save("a", LONG, { compress });
    const [file] = (await registry.open("a")).files();
    assertEquals(await read(file.stream(undefined, { windowBytes: WINDOW })), LONG);
    const keys = await collect(backend.list("objects/"));
    const key = keys.map((found) => "key" in found ? found.key : "")[0];
    const bytes = (await (await backend.get(key))!.bytes()).slice();
    bytes[500_000] ^= 1;
    await backend.put(key, bytes);
    await rejected("Corrupt", read(file.stream(undefined, { windowBytes: WINDOW })));
    if (compress !== undefined) return;
    await rejected(
      "Corrupt",
      read(file.stream({ offset: 0, length: 10 }, { windowBytes: WINDOW })),
    );
    await rejected(
      "Corrupt",
      read(file.stream({ offset: 0, length: 10 }, { windowBytes: WINDOW })),
    );
  });
}

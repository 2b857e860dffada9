import { assert, assertEquals } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { bytesStream, iterableStream } from "../../../core/bytes/bytes.ts";
import { defineMaterializer, type FilesToSave } from "../../../core/materializer.ts";
import { localPath } from "../../../mod.ts";
import { collect, rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";

/** A stream of some chunks, then a failure or the end. */
function chunks(count: number, failure?: Error): ReadableStream<Uint8Array> {
  let given = 0;
  return new ReadableStream({
    pull(controller) {
      if (given < count) controller.enqueue(noise(100_000, ++given));
      else if (failure === undefined) controller.close();
      else controller.error(failure);
    },
  });
}

function producing(save: () => FilesToSave) {
  return defineMaterializer<unknown>({ id: "test/any", save, load: () => undefined });
}

testInMemory("save() refuses used streams and other chunks", async ({ registry, backend }) => {
  const before = await keysOf(backend);
  const locked = chunks(3);
  locked.getReader();
  await rejected("Invalid", registry.save("a", locked));
  const words = new ReadableStream({ start: (controller) => controller.enqueue("not bytes") });
  await rejected("Unsupported", registry.save("a", words));
  assertEquals(await keysOf(backend), before);
});

testOnEach("save() copies small bytes when it is called", async ({ registry, open }) => {
  for (const size of [2_000, 100_000]) {
    const value = noise(size);
    let saving = false;
    const slow = await open(
      {},
      (inner) => withHooks(inner, { before: () => void (saving && value.fill(0)) }),
    );
    saving = true;
    await slow.save("a", value);
    assertEquals(value, new Uint8Array(size));
    assertEquals(await registry.load("a"), noise(size));
  }
});

testOnEach("a save of changing bytes matches its digest", async ({ registry, open }) => {
  const value = noise(9_000_000);
  const slow = await open(
    {},
    (inner) => withHooks(inner, { before: () => void (value[8_000_000] ^= 1) }),
  );
  const saved = await slow.save("a", value, { onProgress: () => void (value[0] ^= 1) });
  assertEquals(saved.digest, (await registry.info("a")).digest);
  assertEquals((await registry.load("a") as Uint8Array).byteLength, 9_000_000);
});

testOnEach("save() detects files that change meanwhile", async ({ registry, backend, root }) => {
  mkdirSync(root.join("data"));
  for (const name of ["a", "b", "c"]) writeFileSync(root.join("data", name), noise(400_000));
  const before = await keysOf(backend);
  let changes = 0;
  const grow = () => writeFileSync(root.join("data", "c"), noise(500_000 + ++changes));
  await rejected(
    "Conflict",
    registry.save("data", localPath(root.join("data")), { onProgress: grow }),
    /change/,
  );
  const more = () => writeFileSync(root.join("data", `d${++changes}`), "new");
  await rejected(
    "Conflict",
    registry.save("data", localPath(root.join("data")), { onProgress: more }),
  );
  assertEquals(await keysOf(backend), before);
  await registry.save("data", localPath(root.join("data")));
});

testOnEach("save() packs many small files", async ({ registry, backend }) => {
  const files = Array.from(
    { length: 3_000 },
    (_, i) => ({ path: `d${i % 7}/f${i}`, content: noise(100, i) }),
  );
  await registry.save("a", 1, { as: producing(() => files) });
  assert((await keysOf(backend, "objects/")).length <= 2);
  const artifact = await registry.open("a");
  assertEquals(
    await collect((async function* () {
      for (const file of artifact.files()) yield await file.bytes();
    })()),
    files.map(({ content }) => content),
  );
});

testOnEach("a small stream may reuse the memory of its chunks", async ({ registry, backend }) => {
  const memory = new Uint8Array(50_000);
  const gave = () =>
    iterableStream((async function* () {
      for (const byte of [1, 2]) yield await Promise.resolve(memory.fill(byte));
      memory.fill(3);
    })());
  const once = () =>
    new Blob(["x"]).stream().pipeThrough(
      new TransformStream({ transform: (_, controller) => controller.enqueue(memory.fill(4)) }),
    );
  const files = producing(() => [
    { path: "twice", content: { size: 100_000, stream: gave } },
    { path: "stream", content: gave() },
    { path: "once", content: { size: 50_000, stream: once } },
    { path: "last", content: { size: 50_000, stream: () => bytesStream(memory.fill(5)) } },
  ]);
  await registry.save("a", 1, { as: files });
  const [twice, stream, single, last] = await Promise.all(
    (await registry.open("a")).files().map((file) => file.bytes()),
  );
  for (const bytes of [twice, stream]) {
    assertEquals([bytes[0], bytes[50_000], bytes.length], [1, 2, 100_000]);
  }
  assertEquals([single[0], last[0]], [4, 5]);
  assert((await keysOf(backend, "objects/")).length > 0);
});

testOnEach("a failing save closes its other streams", async ({ registry }) => {
  let closed = 0;
  const stream = () => new ReadableStream<Uint8Array>({ cancel: () => void closed++ });
  const failing = () =>
    new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("cut")) });
  const files = producing(() =>
    [failing(), stream(), stream()].map((content, n) => ({ path: `${n}`, content }))
  );
  await rejected("TaskFailed", registry.save("a", 1, { as: files }));
  assertEquals(closed, 2);
});

testOnEach("a large stream may reuse the memory of its chunks", async ({ registry }) => {
  const gave = () =>
    iterableStream((async function* () {
      const memory = new Uint8Array(100_000);
      for (const byte of [1, 2, 3, 4, 5]) yield await Promise.resolve(memory.fill(byte));
    })());
  const files = producing(() => [
    { path: "source", content: { size: 500_000, stream: gave } },
    { path: "stream", content: gave() },
  ]);
  await registry.save("a", 1, { as: files });
  for (const file of (await registry.open("a")).files()) {
    const bytes = await file.bytes(); // verified
    assertEquals([1, 2, 3, 4, 5].map((_, n) => bytes[n * 100_000]), [1, 2, 3, 4, 5]);
  }
});

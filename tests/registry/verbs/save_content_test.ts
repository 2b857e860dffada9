import { assert, assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { bytesStream, iterableStream } from "../../../core/bytes/bytes.ts";
import { defineMaterializer } from "../../../core/materializer.ts";
import type { FilesToSave } from "../../../core/materializer.ts";
import { localPath } from "../../../mod.ts";
import { collect, rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";

/** A stream of so many chunks, then a failure or the end. */
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

testOnEach("save() of a stream stores all of it, small or large", async ({ registry }) => {
  for (const count of [0, 1, 2, 3, 30]) {
    const saved = await registry.save("a", chunks(count));
    assertEquals(saved.size, count * 100_000);
    const bytes = await registry.load("a") as Uint8Array;
    for (let i = 0; i < count; i++) {
      assertEquals(bytes.slice(i * 100_000, (i + 1) * 100_000), noise(100_000, i + 1));
    }
  }
});

testOnEach(
  "save() of a stream that fails half way leaves nothing, and says why",
  async ({ registry, backend }) => {
    const before = await keysOf(backend);
    for (const count of [0, 1, 10, 40]) {
      const failure = new Error("cable cut");
      const error = await rejected("TaskFailed", registry.save("a", chunks(count, failure)));
      assertMatch(error.message, /^Cannot save "a": .*cable cut$/);
      assertStrictEquals(error.cause, failure);
    }
    assertEquals(await keysOf(backend), before);
    assertEquals((await registry.save("a", "x")).version, "1.0.0");
  },
);

testInMemory(
  "save() refuses a stream that is read already or does not give bytes",
  async ({ registry, backend }) => {
    const before = await keysOf(backend);
    const locked = chunks(3);
    locked.getReader();
    await rejected("Invalid", registry.save("a", locked));
    const words = new ReadableStream({ start: (controller) => controller.enqueue("not bytes") });
    await rejected("Unsupported", registry.save("a", words));
    assertEquals(await keysOf(backend), before);
  },
);

testOnEach("save() keeps what small bytes were when it was called", async ({ registry, open }) => {
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

testOnEach(
  "save() of large bytes that change meanwhile stores what its digest says",
  async ({ registry, open }) => {
    const value = noise(9_000_000);
    const slow = await open(
      {},
      (inner) => withHooks(inner, { before: () => void (value[8_000_000] ^= 1) }),
    );
    const saved = await slow.save("a", value, {
      onProgress: () => void (value[0] ^= 1),
    });
    assertEquals(saved.digest, (await registry.info("a")).digest);
    assertEquals((await registry.load("a") as Uint8Array).byteLength, 9_000_000);
  },
);

testOnEach(
  "save() notices a file and a folder that change while they are saved",
  async ({ registry, backend, root }) => {
    mkdirSync(root.join("data"));
    for (const name of ["a", "b", "c"]) writeFileSync(root.join("data", name), noise(400_000));
    const before = await keysOf(backend);
    const grow = () => writeFileSync(root.join("data", "c"), noise(500_000));
    const error = await rejected(
      "Conflict",
      registry.save("data", localPath(root.join("data")), { onProgress: grow }),
    );
    assertMatch(error.message, /change/);
    const more = () => writeFileSync(root.join("data", "d"), "new");
    await rejected(
      "Conflict",
      registry.save("data", localPath(root.join("data")), { onProgress: more }),
    );
    assertEquals(await keysOf(backend), before);
    await registry.save("data", localPath(root.join("data")));
  },
);

testInMemory(
  "save() refuses files whose paths leave the artifact or are not distinct",
  async ({ registry, backend }) => {
    const before = await keysOf(backend);
    const content = new Uint8Array(1);
    for (const path of ["", "/x", "../x", "a/../../x", "a//b", "./a", "a/", "a\0b", "\ud83e"]) {
      await rejected(
        "Invalid",
        registry.save("a", 1, { materializer: producing(() => [{ path, content }]) }),
      );
    }
    const twice = producing(() => [{ path: "a", content }, { path: "a", content }]);
    assertMatch(
      (await rejected("Invalid", registry.save("a", 1, { materializer: twice }))).message,
      /another file/,
    );
    assertEquals(await keysOf(backend), before);
  },
);

testOnEach(
  "save() tells a failure of a materializer from one of the store",
  async ({ registry, backend }) => {
    const before = await keysOf(backend);
    const bug = new TypeError("bug");
    const failing: (() => FilesToSave)[] = [
      () => {
        throw bug;
      },
      () => Promise.reject(bug),
      async function* () {
        yield { path: "large", content: await Promise.resolve(noise(400_000)) };
        throw bug;
      },
    ];
    for (const save of failing) {
      const error = await rejected(
        "TaskFailed",
        registry.save("a", 1, { materializer: producing(save) }),
      );
      assertStrictEquals(error.cause, bug);
    }
    for (const thrown of [Object.create(null), Symbol("no text")]) {
      await rejected(
        "TaskFailed",
        registry.save("a", 1, { materializer: producing(() => Promise.reject(thrown)) }),
      );
    }
    const callback = () => {
      throw bug;
    };
    await rejected("TaskFailed", registry.save("a", noise(400_000), { onProgress: callback }));
    assertEquals(await keysOf(backend), before);
  },
);

testOnEach(
  "save() of many small files packs them, and loads each back",
  async ({ registry, backend }) => {
    const files = Array.from(
      { length: 3_000 },
      (_, i) => ({ path: `d${i % 7}/f${i}`, content: noise(100, i) }),
    );
    await registry.save("a", 1, { materializer: producing(() => files) });
    assert((await keysOf(backend, "objects/")).length <= 2);
    const artifact = await registry.open("a");
    assertEquals(
      await collect((async function* () {
        for (const file of artifact.files()) yield await file.bytes();
      })()),
      files.map(({ content }) => content),
    );
    const error = await assertRejects(() => registry.load("a"));
    assertEquals((error as { code: string }).code, "Unsupported", "nobody registered test/any");
  },
);

testOnEach(
  "save() of a small source or stream stores what it gave, whatever becomes of its chunks",
  async ({ registry, backend }) => {
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
    await registry.save("a", 1, { materializer: files });
    const [twice, stream, single, last] = await Promise.all(
      (await registry.open("a")).files().map((file) => file.bytes()),
    );
    for (const bytes of [twice, stream]) {
      assertEquals([bytes[0], bytes[50_000], bytes.length], [1, 2, 100_000]);
    }
    assertEquals([single[0], last[0]], [4, 5]);
    assert((await keysOf(backend, "objects/")).length > 0);
  },
);

testOnEach("save() that fails closes the streams that it did not come to", async ({ registry }) => {
  let closed = 0;
  const stream = () => new ReadableStream<Uint8Array>({ cancel: () => void closed++ });
  const failing = () =>
    new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error("cut")) });
  const files = producing(() =>
    [failing(), stream(), stream()].map((content, n) => ({ path: `${n}`, content }))
  );
  await rejected("TaskFailed", registry.save("a", 1, { materializer: files }));
  assertEquals(closed, 2);
});

testOnEach(
  "save() of a large source or stream stores what it gave, whatever becomes of its chunks",
  async ({ registry }) => {
    const gave = () =>
      iterableStream((async function* () {
        const memory = new Uint8Array(100_000);
        for (const byte of [1, 2, 3, 4, 5]) yield await Promise.resolve(memory.fill(byte));
      })());
    const files = producing(() => [
      { path: "source", content: { size: 500_000, stream: gave } },
      { path: "stream", content: gave() },
    ]);
    await registry.save("a", 1, { materializer: files });
    for (const file of (await registry.open("a")).files()) {
      const bytes = await file.bytes(); // verified
      assertEquals([1, 2, 3, 4, 5].map((_, n) => bytes[n * 100_000]), [1, 2, 3, 4, 5]);
    }
  },
);

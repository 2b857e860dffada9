import { assert, assertEquals, assertLess } from "@std/assert";
import { Buffer } from "node:buffer";
import { RegistryError } from "../../../core/errors.ts";
import type { FileToSave } from "../../../core/materializer.ts";
import { TOMBSTONE_BYTES } from "../../../registry/format/record_codec.ts";
import { createMemoryBackend, defineMaterializer, openRegistry } from "../../../mod.ts";
import { fileSet, filler, HOUR, slowTestProtocol, testProtocol } from "../protocol_world.ts";
import type { FileSet, ProtocolWorld } from "../protocol_world.ts";
import { noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { type Answer, busy, denied, doing, lostReply, lostRequest } from "../scripted_backend.ts";

const given = defineMaterializer<{ files: FileToSave[] }>({
  id: "test/given",
  accepts: (value) => typeof value === "object" && value !== null && "files" in value,
  save: ({ files }) => files,
  load: () => Promise.reject(new Error("not loaded")),
});

const CREATE = { verb: "put", mode: "create" } as const;
const UPLOAD = { verb: "put", key: /^objects/ } as const;
const ONE = { version: "1.0.0" };
const CELL = "names/a/versions/";
const AS = { as: fileSet };
const KIB = 1024;
const INLINE_BYTES = 64 * KIB;

function many(
  count: number,
  size: number,
  path = (n: number) => `${n}`,
): Record<string, Uint8Array> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [path(n), noise(size, n + 1)]));
}

/** Returns the uploads and records of a save, in order. */
async function uploads(
  { registry, backend }: ProtocolWorld,
  value: FileSet,
  version: string,
): Promise<string[]> {
  backend.forget();
  await registry.save("a", value, { version, ...AS });
  assertEquals(
    await registry.load(`a@${version}`, { as: fileSet }),
    typeof value === "function" ? undefined : value,
  );
  const puts = backend.asked({ verb: "put" }).map((call) =>
    call.includes(" objects/") ? `object ${call.split("/").at(-1)}` : "record"
  );
  const objects = puts.filter((put) => put !== "record");
  // whichever comes first of them
  assertEquals(puts.slice(0, objects.length).toSorted(), objects.toSorted());
  return [...objects.toSorted(), ...puts.slice(objects.length)];
}

testProtocol("files of up to 64 KiB in total are in the record", async (world) => {
  assertEquals(await uploads(world, { one: noise(INLINE_BYTES) }, "1"), ["record"]);
  assertEquals(await uploads(world, { one: noise(INLINE_BYTES + 1) }, "2"), ["object 0", "record"]);
  assertEquals(await uploads(world, many(64, KIB), "3"), ["record"]);
  assertEquals(await uploads(world, { ...many(64, KIB), another: noise(1) }, "4"), [
    "object 0",
    "record",
  ]);
  assertEquals(await uploads(world, {}, "5"), ["record"]);
  assertEquals(await uploads(world, { empty: noise(0), another: noise(0) }, "6"), ["record"]);
});

testProtocol("small files are packed, large ones are an object each", async (world) => {
  assertEquals(await uploads(world, many(300, KIB), "1"), ["object 0", "record"]);
  const mixed = {
    small: noise(KIB, 1001),
    large: noise(300 * KIB),
    other: noise(KIB, 1002),
    larger: noise(400 * KIB),
    last: noise(9),
  };
  assertEquals(await uploads(world, mixed, "2"), ["object 0", "object 1", "object 2", "record"]);
  assertEquals(await uploads(world, { large: noise(256 * KIB + 1, 7), empty: noise(0) }, "3"), [
    "object 0",
    "object 1",
    "record",
  ]);
});

slowTestProtocol("a full pack is written, so that memory stays bounded", async (world) => {
  const value = many(100, 250 * KIB);
  assertEquals(await uploads(world, value, "1"), [
    "object 0",
    "object 1",
    "object 2",
    "object 3",
    "record",
  ]);
  for (const { bytes, key } of world.backend.calls) {
    if (key.startsWith("objects/")) assertLess(bytes?.byteLength ?? 0, 8.3 * KIB * KIB);
  }
});

testProtocol("a long list of files is an object, with or without other payload", async (world) => {
  const { registry, backend, head } = world;
  const deep = (n: number) => `${"folder/".repeat(20)}${n}`;
  const tiny = many(1000, 1, deep);
  assertEquals(await uploads(world, tiny, "1"), ["object 0", "record"]);
  assertEquals((await head(CELL)).files, []);
  assertEquals(await uploads(world, { ...many(1000, 100, deep), large: noise(300 * KIB) }, "2"), [
    "object 0",
    "object 1",
    "object 2",
    "record",
  ]);
  for (const { verb, key, bytes } of backend.calls) {
    if (verb === "put" && key.startsWith("names/")) assertLess(bytes!.byteLength, 64 * KIB);
  }
  assertEquals((await registry.info("a@1")).files.length, 1000);
  assertEquals((await registry.open("a@1")).file(deep(7)).info.path, deep(7));
});

testProtocol("a long list stays in place if another save takes the number", async (world) => {
  const { registry, backend, open, head } = world;
  const rival = await open();
  const tiny = many(1000, 1, (n) => `${"folder/".repeat(20)}${n}`);
  backend.answer(UPLOAD, doing(() => rival.registry.save("a", "theirs")));
  const { commit, version } = await registry.save("a", tiny, AS);
  assertEquals(version, "2.0.0");
  assertEquals((await head(CELL)).fileList?.from?.split("/")[1], commit);
  assertEquals(await registry.load("a", { as: fileSet }), tiny);
});

testProtocol("a missing or damaged list is Corrupt", async (world) => {
  const { registry, store, keys } = world;
  await registry.save("a", many(1000, 1, (n) => `${"folder/".repeat(20)}${n}`), AS);
  const [list] = await keys("objects/");
  const bytes = (await (await store.get(list))!.bytes()).slice();
  bytes[100] ^= 1;
  await store.put(list, bytes);
  await rejected("Corrupt", registry.load("a", { as: fileSet }));
  await rejected("Corrupt", registry.info("a"));
  await store.delete(list);
  await rejected("Corrupt", registry.load("a", { as: fileSet }));
});

for (
  const [what, answer] of Object.entries({
    "refused": busy,
    "denied": denied,
    "lost on its way": lostRequest,
    "not answered": lostReply,
  })
) {
  testProtocol(`an upload that is ${what} commits nothing and leaves nothing`, async (world) => {
    const { registry, backend, keys } = world;
    for (let n = 0; n < 3; n++) {
      backend.answer(
        UPLOAD,
        ...Array.from({ length: n }, () => (act: () => Promise<unknown>) => act()),
        answer,
      );
      const value = {
        one: noise(300 * KIB),
        two: noise(300 * KIB, 2),
        three: noise(300 * KIB, 3),
      };
      const error = await rejected(
        answer === denied ? "Denied" : "Unavailable",
        registry.save("a", value, AS),
      );
      assertEquals(error.maybeWritten, undefined, "nothing was committed, and that is known");
      assertEquals(backend.asked(CREATE), []);
      assertEquals(await keys("names/"), []);
      assertEquals(
        (await keys("objects/")).filter((key) => answer !== lostReply || !key.endsWith(`/${n}`)),
        [],
      );
    }
  });
}

testProtocol(
  "a fenced upload or lost renewal is not Unknown: no record was sent",
  async (world) => {
    const { registry, backend, advance } = world;
    const fenced: Answer = (_act, { key }) => {
      throw new RegistryError({
        code: "Unknown",
        action: `put "${key}"`,
        state: "its stage file was removed",
        hint: "Read.",
      });
    };
    backend.answer(UPLOAD, fenced);
    const { message } = await rejected("Unavailable", registry.save("a", noise(300 * KIB)));
    assertEquals(
      message,
      'Cannot save "a": its stage file was removed, so nothing was committed',
    );
    backend.answer(UPLOAD, doing(() => advance(2 * HOUR)), lostReply);
    const two = { one: noise(300 * KIB), two: noise(300 * KIB, 2) };
    const error = await rejected("Unavailable", registry.save("a", two, AS));
    assertEquals(error.maybeWritten, undefined);
    assertEquals(backend.asked(UPLOAD).at(-1)?.endsWith("/.alive"), true);
  },
);

testProtocol("content that fails half way is TaskFailed and leaves nothing", async (world) => {
  const { registry, keys } = world;
  const broken = () => {
    let chunks = 0;
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        if (chunks++ > 5) throw new Error("the sensor is gone");
        controller.enqueue(noise(100 * KIB));
      },
    }, { highWaterMark: 0 });
  };
  for (const content of [broken(), { size: 9_000_000, stream: broken }]) {
    const error = await rejected(
      "TaskFailed",
      registry.save("a", { first: noise(300 * KIB), content }, AS),
    );
    assertEquals((error.cause as Error).message, "the sensor is gone");
  }
  async function* files(): AsyncGenerator<FileToSave> {
    yield await Promise.resolve({ path: "one", content: noise(300 * KIB) });
    throw new Error("the materializer is wrong");
  }
  await rejected("TaskFailed", registry.save("a", files, AS));
  assertEquals(await keys("objects/"), []);
  assertEquals(await keys("names/"), []);
});

testProtocol(
  "a source of another length than announced is a conflict",
  async ({ registry, keys }) => {
    for (const size of [10, 300 * KIB, 2_000_000]) {
      for (const actual of [size - 1, size + 1]) {
        const stream = () => new Blob([new Uint8Array(actual)]).stream();
        await rejected("Conflict", registry.save("a", { content: { size, stream } }, AS));
      }
    }
    assertEquals(await keys("objects/"), []);
  },
);

testProtocol(
  "the payload of a lost race is removed, the winner's is kept",
  async ({ registry, backend, open, keys }) => {
    const rival = await open();
    backend.answer(CREATE, doing(() => rival.registry.save("a", noise(300 * KIB), ONE)));
    await rejected("AlreadyExists", registry.save("a", noise(300 * KIB, 2), ONE));
    assertEquals((await keys("objects/")).length, 1);
    assertEquals(await registry.load("a"), noise(300 * KIB));
  },
);

testProtocol("a record never has the size of a tombstone", async ({ registry, store }) => {
  const sizes = new Set<number>();
  for (let length = 0; length < 120; length++) await registry.save("a", "x".repeat(length));
  for await (const entry of store.list(CELL)) sizes.add("key" in entry ? entry.size : 0);
  assert(sizes.size > 100);
  assertEquals(sizes.has(TOMBSTONE_BYTES), false);
  for (let length = 0; length < 200; length++) {
    await registry.save("b", "", { metadata: { x: "x".repeat(length) } });
  }
  for await (const entry of store.list("names/b/")) {
    assert("key" in entry && entry.size !== TOMBSTONE_BYTES);
  }
});

for (const compress of ["gzip", "zstd"] as const) {
  testProtocol(
    `files compressed by ${compress} are the same, and smaller if possible`,
    async (world) => {
      const { registry, keys, store } = world;
      const value = {
        text: filler("text", 900_000),
        noise: noise(300 * KIB),
        small: filler("small", 9000),
        empty: noise(0),
      };
      const { size } = await registry.save("a", value, { ...AS, compress });
      assertEquals(size, 900_000 + 300 * KIB + 9000);
      assertEquals(await registry.load("a", { as: fileSet }), value);
      let stored = 0;
      for (const key of await keys("objects/")) stored += (await store.head(key))!.size;
      assertLess(stored, 400 * KIB);
    },
  );
}

Deno.test("a Buffer that changes during a save is stored as hashed", async () => {
  for (const size of [200_000, 3_000_000]) {
    const content = Buffer.from(noise(size));
    let calls = 0;
    const before = () => void content.fill(++calls);
    const registry = await openRegistry(withHooks(createMemoryBackend(), { before }));
    await registry.save("a", { files: [{ path: "x", content }] }, { as: given });
    assertEquals((await (await registry.open("a")).file("x").bytes()).byteLength, size); // verified
  }
});

Deno.test("a stream of anything but bytes is refused", async () => {
  const registry = await openRegistry(createMemoryBackend());
  for (const chunk of ["text", new Float32Array(10), new Float32Array(200_000)]) {
    const content = new ReadableStream({
      start(controller) {
        for (const each of [chunk, chunk]) controller.enqueue(each as unknown as Uint8Array);
        controller.close();
      },
    });
    const saving = registry.save("a", { files: [{ path: "x", content }] }, { as: given });
    await rejected("Unsupported", saving);
  }
  assertEquals(await registry.has("a"), false);
});

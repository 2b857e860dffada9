import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { bytesStream, readAll } from "../../core/bytes/bytes.ts";
import { arrayBuffer, blob, bytes, createMaterializers, stream } from "../../materializers/mod.ts";
import { fails, fakeArtifact, readFiles, roundTrip, savedBy } from "./fake_artifact.ts";
import { slowTest } from "../support/seeds.ts";
import { CODE_POINT } from "../support/strings/code_point.ts";

Deno.test("any bytes come back exactly, in memory of their own", async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array(), async (value) => {
    const loaded = await roundTrip(bytes(), value);
    assertEquals(loaded, value);
    assertEquals(loaded.buffer.byteLength, loaded.byteLength);
  }));
});

Deno.test("loaded bytes are a plain Uint8Array without neighbors, whatever they were read into", async () => {
  const pool = Buffer.from("secret data secret");
  const artifact = fakeArtifact([{ path: "data.bin", content: "" }]);
  artifact.files()[0].bytes = () => Promise.resolve(pool.subarray(7, 11));
  const loaded = await bytes().load(artifact, {});
  assertStrictEquals(Object.getPrototypeOf(loaded), Uint8Array.prototype);
  assertEquals(new TextDecoder().decode(loaded.buffer as ArrayBuffer), "data");
});

Deno.test("a view saves its own bytes and not those around it", async () => {
  const whole = Uint8Array.of(0, 1, 2, 3);
  assertEquals(await roundTrip(bytes(), whole.subarray(1, 3)), Uint8Array.of(1, 2));
});

Deno.test("a Buffer is saved as the bytes that it is", async () => {
  const set = createMaterializers();
  const value = Buffer.from("abc");
  assertEquals(set.forValue(value).id, "bytes");
  const loaded = await roundTrip(set.forValue(value), value);
  assertStrictEquals(Object.getPrototypeOf(loaded), Uint8Array.prototype);
  assertEquals(loaded, new TextEncoder().encode("abc"));
});

Deno.test("a subclass of Uint8Array is not taken for bytes", async () => {
  class Pixels extends Uint8Array {}
  await fails("Unsupported", () => createMaterializers().forValue(new Pixels(1)));
});

Deno.test("shared memory is Unsupported", async () => {
  const error = await fails(
    "Unsupported",
    () => bytes().save(new Uint8Array(new SharedArrayBuffer(1)), {}),
  );
  assert(error.hint?.includes("copy"));
});

Deno.test("an ArrayBuffer comes back as one; resizable and detached ones are Unsupported", async () => {
  const set = createMaterializers();
  const value = Uint8Array.of(1, 2).buffer;
  assertEquals(set.forValue(value).id, "array-buffer");
  const loaded = await roundTrip(arrayBuffer(), value);
  assert(loaded instanceof ArrayBuffer);
  assertEquals(new Uint8Array(loaded), Uint8Array.of(1, 2));
  await fails(
    "Unsupported",
    () => arrayBuffer().save(new ArrayBuffer(1, { maxByteLength: 2 }), {}),
  );
  structuredClone(value, { transfer: [value] });
  await fails("Unsupported", () => arrayBuffer().save(value, {}));
});

Deno.test("a stream is saved as the bytes that it gives, like those bytes", async () => {
  const set = createMaterializers();
  const value = new ReadableStream({
    start(controller) {
      controller.enqueue(Uint8Array.of(1));
      controller.enqueue(Uint8Array.of(2, 3));
      controller.close();
    },
  });
  const materializer = set.forValue(value);
  const artifact = await savedBy(materializer as never, value as never);
  assertEquals(artifact.info.digest, (await savedBy(bytes(), Uint8Array.of(1, 2, 3))).info.digest);
  assertEquals(
    await set.get(artifact.info.materializer.id).load(artifact, {}),
    Uint8Array.of(1, 2, 3),
  );
});

Deno.test("stream() saves and loads a stream", async () => {
  const loaded = await roundTrip(stream(), bytesStream(Uint8Array.of(1, 2, 3)));
  assert(loaded instanceof ReadableStream);
  assertEquals(await readAll(loaded), Uint8Array.of(1, 2, 3));
});

Deno.test("a stream of anything but bytes, or one that is being read, is refused", async () => {
  const texts = new ReadableStream({
    start(controller) {
      controller.enqueue("text");
      controller.close();
    },
  });
  await fails("Unsupported", () => readFiles(bytes().save(texts as never, {})));
  const locked = bytesStream(Uint8Array.of(1));
  locked.getReader();
  await fails("Invalid", () => stream().save(locked, {}));
});

Deno.test("a stream that fails half way fails the save with its own error", async () => {
  let pulls = 0;
  const broken = new ReadableStream({
    pull(controller) {
      if (pulls++ === 0) controller.enqueue(Uint8Array.of(1));
      else controller.error(new TypeError("the line is dead"));
    },
  });
  let caught: unknown;
  await readFiles(stream().save(broken, {})).catch((error) => caught = error);
  assert(caught instanceof TypeError);
});

slowTest("any blob or file comes back with its bytes, type, name and time", async () => {
  await fc.assert(fc.asyncProperty(
    fc.uint8Array(),
    fc.constantFrom("", "text/plain", "image/png;x=1"),
    fc.option(fc.string({ unit: CODE_POINT })),
    fc.integer(),
    async (content, type, name, lastModified) => {
      const parts = [content as Uint8Array<ArrayBuffer>];
      const value = name === null
        ? new Blob(parts, { type })
        : new File(parts, name, { type, lastModified });
      const loaded = await roundTrip(blob(), value);
      assertEquals(new Uint8Array(await loaded.arrayBuffer()), content);
      assertEquals(loaded.type, value.type);
      assertEquals(loaded instanceof File, name !== null);
      if (value instanceof File && loaded instanceof File) {
        assertEquals([loaded.name, loaded.lastModified], [value.name, value.lastModified]);
      }
    },
  ));
});

Deno.test("blobs of another type, name or time have another digest", async () => {
  const values = [
    new Blob(["x"]),
    new Blob(["x"], { type: "text/plain" }),
    new File(["x"], "a", { lastModified: 1 }),
    new File(["x"], "b", { lastModified: 1 }),
    new File(["x"], "b", { lastModified: 2 }),
  ];
  const digests = await Promise.all(
    values.map(async (value) => (await savedBy(blob(), value)).info.digest),
  );
  assertEquals(new Set(digests).size, values.length);
});

Deno.test("a blob.json that describes no blob is Corrupt", async () => {
  for (
    const facts of [
      "",
      "null",
      "{}",
      '{"type":1}',
      '{"type":"","name":"a"}',
      '{"type":"","lastModified":1}',
    ]
  ) {
    const artifact = fakeArtifact([{ path: "blob.json", content: facts }, {
      path: "content",
      content: "x",
    }]);
    await fails("Corrupt", () => blob().load(artifact, {}));
  }
});

Deno.test("a subclass of Blob is not taken", () => {
  class Upload extends Blob {}
  assertFalse(blob().accepts!(new Upload(["x"])));
});

import { assert, assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend, openRegistry, type Registry } from "../../../../mod.ts";
import { createHandler } from "../../../../apps/server.ts";
import { createWindows } from "../../../../apps/server/files/streams.ts";
import { withHooks } from "../../../registry/with_hooks.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

function zeros(windowBytes: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(windowBytes)),
  }, { highWaterMark: 0 });
}

Deno.test("windows of many downloads stay within what they share, and the smallest one beyond it", () => {
  for (const near of [true, false]) {
    const windows = createWindows({ near });
    const sizes: number[] = [];
    for (let n = 0; n < 4096; n++) windows.open((size) => zeros((sizes.push(size), size)));
    assertEquals(sizes[0], near ? 128 * KIB : 8 * MIB);
    assertEquals(sizes.at(-1), 16 * KIB);
    assert(windows.heldBytes <= 64 * MIB + 4096 * 32 * KIB, `${windows.heldBytes}`);
  }
});

Deno.test("a download gives its window back when it ends, fails, is cancelled, or does not begin", async () => {
  const windows = createWindows({ near: true });
  const text = "a".repeat(100 * KIB);
  const opened = windows.open(() => new Blob([text]).stream());
  assertEquals(windows.heldBytes, 256 * KIB);
  const reader = opened.getReader();
  const sizes: number[] = [];
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    sizes.push(next.value.byteLength);
  }
  assert(Math.max(...sizes) <= 32 * KIB);
  assertEquals(sizes.reduce((sum, size) => sum + size, 0), text.length);
  await windows.open(zeros).cancel();
  const failing = windows.open(() =>
    new ReadableStream({ pull: () => Promise.reject(new Error("gone")) })
  );
  await assertRejects(() => new Response(failing).text(), Error, "gone");
  try {
    windows.open(() => {
      throw new Error("no stream");
    });
  } catch { /* as expected */ }
  assertEquals(windows.heldBytes, 0);
});

/** How many bytes are asked of the store for an answer of which nobody reads more than the first chunk. */
async function bytesOfStalled(
  headers: Record<string, string>,
  value = new Uint8Array(4 * MIB),
): Promise<number> {
  const inner = createMemoryBackend();
  const backend = withHooks(inner, {});
  let most = 0, bytes = 0;
  backend.get = async (key, options) => {
    const object = await inner.get(key, options);
    if (!key.startsWith("objects/")) return object;
    const { byteLength } = await object!.bytes();
    most = Math.max(most, byteLength);
    bytes += byteLength;
    return object;
  };
  await using registry: Registry = await openRegistry(backend);
  await registry.save("a", value);
  await using handler = createHandler(registry);
  const { files: [{ path }] } = await registry.info("a");
  const { body } = await handler(
    new Request(`http://localhost/artifacts/a/versions/1/files/${path}`, { headers }),
  );
  const reader = body!.getReader();
  for (let read = 0; read < 4; read++) await reader.read();
  await reader.cancel();
  return Object.keys(headers).length > 0 ? most : bytes;
}

Deno.test("an answer that nobody reads holds at most 256 KiB of a file", async () => {
  assert(await bytesOfStalled({}) <= 256 * KIB);
});

Deno.test("a range is never held as a whole", async () => {
  assert(await bytesOfStalled({ range: "bytes=1-4000000" }) <= 256 * KIB);
});

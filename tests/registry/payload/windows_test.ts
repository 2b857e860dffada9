import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { noise } from "../registries.ts";
import { collect, rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";

const WINDOW = 64 * 1024;
const VALUE = noise(1_000_000);

/** A store in memory that writes down how many bytes of payloads each get brings. */
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

Deno.test("a range with a window is verified without its part in memory, and its part is read through once", async () => {
  const { backend, sizes } = countGets();
  const registry = await openRegistry(backend);
  await registry.save("a", VALUE);
  const [file] = (await registry.open("a")).files();
  const range = (offset: number, length: number) =>
    read(file.stream({ offset, length }, { windowBytes: WINDOW }));
  assertEquals(await range(70_000, 200_000), VALUE.slice(70_000, 270_000));
  assert(Math.max(...sizes) <= WINDOW);
  assertEquals(sizes.reduce((sum, size) => sum + size, 0), VALUE.byteLength + 200_000);
  assertEquals(await range(999_000, 5_000), VALUE.slice(999_000));
  assertEquals(sizes.reduce((sum, size) => sum + size, 0), VALUE.byteLength + 201_000);
});

for (const compress of [undefined, "gzip", "zstd"] as const) {
  Deno.test(`a damaged file fails with Corrupt, also in windows (${compress ?? "plain"})`, async () => {
    const { backend } = countGets();
    const registry = await openRegistry(backend);
    await registry.save("a", VALUE, { compress });
    const [file] = (await registry.open("a")).files();
    assertEquals(await read(file.stream(undefined, { windowBytes: WINDOW })), VALUE);
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

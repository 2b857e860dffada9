// Reads whose store fails, or whose reader leaves: neither is damage.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { isRegistryError, openRegistry, type SaveOptions } from "../../../../mod.ts";
import { openFile } from "../../../../registry/mod.ts";
import { noise } from "../../registries.ts";
import { AS, storeOf } from "../shared_bytes.ts";

/** Compressed to about half. */
const CONTENT = noise(600_000, 5).map((byte) => byte & 15);
const PATH = "x.bin";

for (const compress of [undefined, "gzip", "zstd"] as const) {
  const how = compress ?? "no compression";
  Deno.test(`a failure of the store while files of ${how} are read, and an abort, are not damage`, async () => {
    const store = storeOf("far"), registry = await openRegistry(store, { cache: false });
    const options: SaveOptions = { ...AS, ...compress && { compress } };
    await registry.save("a", { [PATH]: CONTENT }, options);
    const get = store.get.bind(store), failure = new TypeError("socket closed");
    for (const isAborted of [true, false]) {
      const leaving = new AbortController(), { signal } = leaving;
      const file = await openFile(registry, "a@1", { path: PATH, signal });
      const reads = {
        stream: () => Array.fromAsync(file.stream()),
        range: () => Array.fromAsync(file.stream({ offset: 100_000, length: 10 })),
        load: () => registry.load("a@1", { ...AS, signal }),
      };
      for (const [name, read] of Object.entries(reads)) {
        store.get = async (key, options) => {
          if (!key.startsWith("objects/")) return await get(key, options);
          if (isAborted) leaving.abort(failure);
          throw failure;
        };
        const error = await assertRejects(read);
        assert(!isRegistryError(error, "Corrupt"), `${name}: ${error}`);
        store.get = get;
      }
    }
    assertEquals(await registry.load("a", AS), { [PATH]: CONTENT });
  });
}

// Files of an opened version as the content of another save.
import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { rejected } from "../rejected.ts";

const bytes = new TextEncoder().encode("some bytes. ".repeat(100_000));

for (const compress of [undefined, "gzip"] as const) {
  for (const size of [10, 1000, bytes.byteLength]) {
    Deno.test(`a file of ${size} bytes, ${compress ?? "plain"}, is saved under another path`, async () => {
      const content = bytes.subarray(0, size);
      const files = (files: FileToSave[]) => ({
        id: "test",
        formatVersion: 1,
        save: () => files,
        load: () => undefined,
      });
      const facts = { mediaType: "text/plain", mode: "executable" } as const;
      const saved = files([{ path: "old", content, ...facts }]);
      const from = await openRegistry(createMemoryBackend());
      const other = await openRegistry(createMemoryBackend());
      await from.save("a", undefined, { as: saved, compress });
      const file = (await from.open("a")).file("old");
      for (const [registry, name] of [[from, "a"], [from, "b"], [other, "a"]] as const) {
        const again = files([{ path: "new", content: { ...file, size }, mediaType: "text/x" }]);
        await registry.save(name, undefined, { as: again });
        const [info, ...others] = (await registry.info(name)).files;
        const { sha256 } = file.info;
        assertEquals([info, ...others], [{ path: "new", size, sha256, mediaType: "text/x" }]);
        assertEquals(await (await registry.open(name)).file("new").bytes(), content);
      }
    });
  }
}

Deno.test("a file with another stream or size is not saved as it is stored", async () => {
  const registry = await openRegistry(createMemoryBackend());
  const save = (content: FileToSave["content"]) => {
    const materializer = { id: "test", formatVersion: 1, load: () => undefined };
    const files = [{ path: "file", content }];
    return registry.save("a", undefined, { as: { ...materializer, save: () => files } });
  };
  await save(bytes);
  const file = (await registry.open("a")).file("file");
  const masked = new TextEncoder().encode("masked");
  await save({ ...file, size: masked.byteLength, stream: () => new Blob([masked]).stream() });
  assertEquals((await (await registry.open("a")).file("file").text()).slice(0, 6), "masked");
  await rejected("Conflict", save({ ...file, size: 10 }));
});

// Formats that a save was given: the store loads the file by them again.
import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import { createFileManager, createFileStores, createMemoryFiles } from "../../files/mod.ts";
import { json, npy } from "../../formats/mod.ts";
import type { Format } from "../../formats/mod.ts";
import { testInRoot } from "../support/temp_root.ts";

class Shop {
  constructor(readonly name: string) {}
}

const shop: Format<Shop> = {
  id: "shop",
  extensions: [".shop"],
  mediaType: "text/plain",
  accepts: (value) => value instanceof Shop,
  encode: ({ name }) => new TextEncoder().encode(name),
  decode: async (file) => new Shop(new TextDecoder().decode(await file.bytes())),
};
const plane = { data: Uint16Array.of(1, 2), shape: [2], dtype: "uint16" as const };

for (const store of ["memory", "disk", "zarr"]) {
  testInRoot(`the store ${store} loads a file in the format of its save`, async ({ path }) => {
    await using stores = createFileStores({ root: path });
    const files = await createFileManager(stores).on(store);
    await files.save("a", new Shop("Oslo"), { as: shop });
    assertEquals(await files.load("a"), new Shop("Oslo"));
    await files.save("plane.raw", plane, { as: npy() });
    assertEquals(await files.load("./plane.raw"), plane);
    await files.save("b.txt", { wells: 96 }, { as: "json" });
    const { results } = await files.loadBatch(["b.txt", "a"]);
    assertEquals(results.map((result) => result.ok && result.value), [
      { wells: 96 },
      new Shop("Oslo"),
    ]);
    const saved = await files.saveBatch([{ path: "c", value: new Shop("Bern") }], { as: shop });
    assertEquals([saved.failed, await files.load("c")], [[], new Shop("Bern")]);
    // by another handle of the same store
    assertEquals(await createFileManager(stores).load("a", { store }), new Shop("Oslo"));
    assertEquals(await files.load("a", { as: "bytes" }), new TextEncoder().encode("Oslo"));
  });
}

Deno.test("a file keeps its format where it is copied, moved or linked", async () => {
  const files = await createFileManager({ mine: createMemoryFiles() }).on("mine");
  await files.save("shops/a", new Shop("Oslo"), { as: shop });
  await files.copy("shops", "copies");
  await files.move("shops/a", "b");
  await files.createSymlink("link", "b");
  for (const path of ["copies/a", "b", "link"]) {
    assertEquals(await files.load(path), new Shop("Oslo"), path);
  }
});

Deno.test("a file that was saved again has the format of its extension", async () => {
  const store = createMemoryFiles();
  const files = await createFileManager({ mine: store }).on("mine");
  await files.save("a", new Shop("Oslo"), { as: shop });
  await files.save("a", Uint8Array.of(1, 2, 3, 4));
  assertInstanceOf(await files.load("a"), Uint8Array);
  await files.save("b", new Shop("Oslo"), { as: shop });
  await store.write("b", Uint8Array.of(1)); // by another program
  assertInstanceOf(await files.load("b"), Uint8Array);
  await files.save("c.json", new Shop("Oslo"), { as: shop });
  await files.save("c.json", { wells: 96 }, { as: json() });
  assertEquals(await files.load("c.json"), { wells: 96 });
  await files.save("d", new Shop("Oslo"), { as: shop });
  await assertRejects(() => files.save("d", 3), RegistryError);
  assertEquals(await files.load("d"), new Shop("Oslo"));
});

Deno.test("content that is saved as bytes or text has the format of its extension", async () => {
  const files = await createFileManager({ mine: createMemoryFiles() }).on("mine");
  await files.save("a.json", '{ "wells": 96 }', { as: "text" });
  await files.save("b.json", new Shop("Oslo"), { as: shop });
  await files.save("b.json", new TextEncoder().encode("[1, 2]"), { as: "bytes" });
  await files.save("c", "Oslo", { as: "text" });
  const { results } = await files.loadBatch(["a.json", "b.json", "c"]);
  assertEquals(results.map((result) => result.ok && result.value), [{ wells: 96 }, [1, 2], "Oslo"]);
});

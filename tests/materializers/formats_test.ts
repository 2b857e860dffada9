import { assertEquals, assertRejects } from "@std/assert";
import { readAll } from "../../core/bytes/bytes.ts";
import { RegistryError } from "../../core/errors.ts";
import { createTable, csv, type Table } from "../../formats/csv.ts";
import { json } from "../../formats/json.ts";
import { npy } from "../../formats/npy.ts";
import { png } from "../../formats/png.ts";
import { readRegion, tiff } from "../../formats/tiff.ts";
import { yaml } from "../../formats/yaml.ts";
import { createMemoryBackend, defineArtifact, openRegistry } from "../../mod.ts";
import { addFormats, fileToDecode, formatMaterializer } from "../../materializers/formats.ts";
import { createFormats } from "../../formats/mod.ts";
import { bytes, createMaterializers } from "../../materializers/mod.ts";
import { refused } from "../support/refused.ts";

const image = {
  data: Uint8Array.of(0, 128, 255, 7),
  width: 2,
  height: 2,
  channels: 1,
  dtype: "uint8",
} as const;

Deno.test("a version with a file of a format loads as its value in a program with the formats", async () => {
  const backend = createMemoryBackend();
  const writer = await openRegistry(backend);
  const array = { data: Float32Array.of(1, 2), shape: [2], dtype: "float32" } as const;
  await writer.save(defineArtifact("image", formatMaterializer(png())), image);
  await writer.save(defineArtifact("array", formatMaterializer(npy())), array);
  await writer.save(defineArtifact("settings", formatMaterializer(yaml())), { depth: 12 });
  assertEquals((await writer.info("image")).files.map(({ path, mediaType }) => [path, mediaType]), [
    ["data.png", "image/png"],
  ]);

  const reader = await openRegistry(backend);
  const error = await assertRejects(() => reader.load("image"), RegistryError);
  assertEquals(error.code, "Unsupported");
  addFormats(reader.materializers);
  assertEquals(await reader.load("image"), image);
  assertEquals(await reader.load("array"), array);
  assertEquals(await reader.load("settings"), { depth: 12 });
});

Deno.test("the types of a table's columns are kept beside the file, and its rows read when they are asked for", async () => {
  const registry = await openRegistry("memory:");
  addFormats(registry.materializers);
  const columns = { id: "int64", score: "number?", "2024": "date" } as const;
  const rows = [{ id: 1n << 60n, score: null, "2024": new Date(5) }, {
    id: 2n,
    score: 0.5,
    "2024": new Date(0),
  }];
  for (const options of [{}, { header: false }, { delimiter: ";" as const }]) {
    const format = csv({ columns: createTable(columns, rows).columns, ...options });
    await registry.save(
      defineArtifact("scores", formatMaterializer(format)),
      createTable(columns, rows),
    );
    const loaded = await registry.load("scores") as Table;
    assertEquals(await Array.fromAsync(loaded.rows()), rows);
  }
  const texts = createTable({ a: "string" }, [{ a: "x" }]);
  await registry.save(defineArtifact("texts", formatMaterializer(csv())), texts);
  assertEquals((await registry.info("texts")).files.map(({ path }) => path), ["data.csv"]);
  assertEquals(await Array.fromAsync((await registry.load("texts") as Table).rows()), [{ a: "x" }]);
});

Deno.test("options stored with a file set no limits, and invalid ones are Corrupt", async () => {
  const formats = createFormats();
  const row = `a\n${"x".repeat(5_000_000)}\n`; // longer than a row may be
  const file = fileOf("data.csv", new TextEncoder().encode(row));
  const raised = await formats.get("csv", { maxRowCharacters: 1e9, columns: { a: "string" } });
  await assertRejects(
    async () => await Array.fromAsync((await raised.decode(file) as Table).rows()),
    RegistryError,
  );

  const registry = await openRegistry("memory:");
  addFormats(registry.materializers);
  for (
    const told of [
      "nothing",
      "[]",
      '{"columns":{"a":"matrix"}}',
      '{"delimiter":"xx"}',
      '{"header":1}',
    ]
  ) {
    const parts = { "data.csv": "a\n1\n", "format.json": told };
    await registry.save(defineArtifact("bad", filesAs("format/csv")), parts);
    await refused(
      "Corrupt",
      async () => await Array.fromAsync((await registry.load("bad") as Table).rows()),
    );
  }
});

Deno.test("adding formats changes nothing of how values are saved that name none", async () => {
  const materializers = createMaterializers();
  const before = [image, { a: 1 }, "text", Uint8Array.of(1)].map((value) =>
    materializers.forValue(value).id
  );
  addFormats(materializers);
  addFormats(materializers); // what is there stays
  assertEquals(
    [image, { a: 1 }, "text", Uint8Array.of(1)].map((value) => materializers.forValue(value).id),
    before,
  );
  materializers.register(formatMaterializer({ ...png(), id: "mine" }));
  assertEquals(materializers.forValue(image).id, "format/mine");
  assertEquals(materializers.forValue({ a: 1 }).id, "json");
  const error = await assertRejects(async () => await openAndSave(image, json()), RegistryError);
  assertEquals(error.code, "Unsupported");
});

Deno.test("a region of an image in a version is read by ranges, also of a compressed one", async () => {
  const registry = await openRegistry("memory:");
  const big = {
    data: new Uint8Array(512 * 512).map((_, i) => i * 7),
    width: 512,
    height: 512,
    channels: 1,
  } as const;
  const plate = defineArtifact("plate", formatMaterializer(tiff()));
  for (const compress of [undefined, "gzip"] as const) {
    await registry.save(plate, { ...big, dtype: "uint8" }, { compress });
    const artifact = await registry.open("plate");
    const file = fileToDecode(artifact.file("data.tif"));
    const region = await readRegion(file, { x: 500, y: 3, width: 2, height: 2 });
    assertEquals([...region.data], [
      ...big.data.subarray(3 * 512 + 500, 3 * 512 + 502),
      ...big.data.subarray(4 * 512 + 500, 4 * 512 + 502),
    ]);
    const whole = await file.bytes();
    for (
      const range of [{ offset: 9, length: 5 }, { offset: whole.byteLength - 3 }, {
        offset: 0,
        length: 0,
      }]
    ) {
      const { offset, length = Infinity } = range as { offset: number; length?: number };
      assertEquals(
        await readAll(file.stream(range)),
        whole.slice(offset, Math.min(whole.byteLength, offset + length)),
      );
    }
  }
});

function fileOf(path: string, content: Uint8Array) {
  return {
    path,
    size: content.byteLength,
    bytes: () => Promise.resolve(content),
    stream: () => new Blob([content as BlobPart]).stream(),
  };
}

async function openAndSave(value: unknown, format: ReturnType<typeof json>): Promise<void> {
  const registry = await openRegistry("memory:");
  await registry.save(defineArtifact("a", formatMaterializer(format)), value as never);
}

/** Saves these texts as files, under the id of another materializer. */
function filesAs(id: string) {
  return {
    ...bytes(),
    id,
    save: (files: Record<string, string>) =>
      Object.entries(files).map(([path, text]) => ({
        path,
        content: new TextEncoder().encode(text),
      })),
  };
}

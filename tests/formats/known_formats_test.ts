import { assertEquals } from "@std/assert";
import { createFormats } from "../../formats/mod.ts";

Deno.test("tables and texts are found by the extension, whatever its case", async () => {
  const formats = createFormats();
  const paths = [
    "a.csv",
    "b.TSV",
    "c.yml",
    "d.yaml",
    "e.jsonl",
    "f.ndjson",
    "g.txt",
    "readme.md",
    "h.parquet",
    "i.arrow",
    "j.feather",
  ];
  const found = await Promise.all(paths.map(async (path) => (await formats.forPath(path))?.id));
  assertEquals(found, [
    "csv",
    "tsv",
    "yaml",
    "yaml",
    "jsonl",
    "jsonl",
    "text",
    "text",
    "parquet",
    "arrow",
    "arrow",
  ]);
});

Deno.test("every format has the id and the extensions by which it is found before it is loaded", async () => {
  const formats = createFormats();
  for (const id of formats.names()) {
    const format = await formats.get(id);
    const extensions = [...formats.extensions()].filter(([, of]) => of === id).map(([extension]) =>
      extension
    );
    assertEquals([format.id, format.extensions], [id, extensions]);
  }
});

Deno.test("archives are found by the last extension that is known: regions of ImageJ are a zip", async () => {
  const formats = createFormats();
  const found = await Promise.all(
    ["a.zip", "b.ROI.zip", "c.npz"].map(async (path) => (await formats.forPath(path))?.id),
  );
  assertEquals(found, ["zip", "zip", "npz"]);
});

Deno.test("images are found by the extension", async () => {
  const formats = createFormats();
  const paths = ["a.bmp", "b.GIF", "c.png", "d.jpg", "e.tif", "f.webp"];
  const found = await Promise.all(paths.map(async (path) => (await formats.forPath(path))?.id));
  assertEquals(found, ["bmp", "gif", "png", "jpeg", "tiff", "webp"]);
});

import { assertEquals } from "@std/assert";
import { createFormats } from "../../formats/mod.ts";

/** Paths by the format that they have. */
const PATHS: Record<string, string> = {
  tsv: "b.TSV",
  text: "g.txt readme.md",
  zip: "a.zip b.ROI.zip",
  safetensors: "model.safetensors model-00001-of-00002.safetensors",
};

Deno.test("formats are found by the last known extension, in any case", async () => {
  const formats = createFormats();
  for (const [id, paths] of Object.entries(PATHS)) {
    for (const path of paths.split(" ")) {
      assertEquals((await formats.forPath(path))?.id, id, path);
    }
  }
});

Deno.test("loaded formats have the id and extensions of their entries", async () => {
  const formats = createFormats();
  for (const id of formats.names()) {
    const format = await formats.get(id);
    const extensions = [...formats.extensions()].filter(([, of]) => of === id);
    assertEquals([format.id, format.extensions], [id, extensions.map(([extension]) => extension)]);
  }
});

import { assert, assertEquals } from "@std/assert";
import { createFormats } from "../../formats/mod.ts";

Deno.test("images are found by the extensions of their files", async () => {
  const formats = createFormats();
  const paths = ["a.png", "a.jpg", "a.jpeg", "a.webp", "a.tif", "a.tiff"];
  const found = await Promise.all(paths.map((path) => formats.forPath(path)));
  assertEquals(found.map((format) => format?.id), ["png", "jpeg", "jpeg", "webp", "tiff", "tiff"]);
  for (const format of found) {
    for (const extension of format!.extensions) {
      assertEquals(formats.extensions().get(extension), format!.id);
    }
    assert(format!.mediaType.startsWith("image/"));
  }
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import { filledTest } from "../captured_io.ts";

filledTest(
  "mirror creates its target only where that is said, with the settings of the source",
  async (it) => {
    await it.succeeds("init one --unversioned --mutable --grace 48h");
    const { code, err } = await it.holdfast("mirror .holdfast there");
    assertEquals(code, 3);
    assertStringIncludes(err, "add --create");
    assertStringIncludes(
      await it.succeeds("mirror .holdfast there --create --dry-run"),
      "Would mirror 4 versions",
    );
    assertEquals((await it.holdfast("ls -r there")).code, 3);
    await it.succeeds("mirror .holdfast there --create");
    assertEquals(await it.succeeds("ls -q -r there"), "config\ndata:raw\nnote\n");
    await it.succeeds("mirror one two --create");
    const { settings } = JSON.parse(await it.succeeds("init two --json"));
    assertEquals([settings.versioned, settings.mutable, settings.graceMs], [
      false,
      true,
      48 * 3_600_000,
    ]);
    assertEquals(
      (await it.holdfast("mirror .holdfast data --create")).code,
      4,
      "a folder with other files",
    );
  },
);

import { assertEquals } from "@std/assert";
import { filledTest } from "../../captured_io.ts";

filledTest("mirror creates a target only with --create", async (it) => {
  await it.succeeds("init one --unversioned --mutable --grace 48h");
  await it.fails("mirror .holdfast there", 3, "add --create");
  await it.tells("mirror .holdfast there --create --dry-run", "Would mirror 4 versions");
  await it.fails("ls -r there", 3);
  await it.succeeds("mirror .holdfast there --create");
  await it.prints("ls -q -r there", "config\ndata:raw\nnote\n");
  await it.succeeds("mirror one two --create");
  const { settings } = await it.json("init two --json");
  assertEquals([settings.versioned, settings.mutable, settings.graceMs], [
    false,
    true,
    48 * 3_600_000,
  ]);
  await it.fails("mirror .holdfast data --create", 4);
});

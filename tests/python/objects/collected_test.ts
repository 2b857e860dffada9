// Versions that a Python program has opened, and whose files gc has removed since.
import { assertEquals } from "@std/assert";
import { cp } from "node:fs/promises";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { noise } from "../../registry/registries.ts";
import { pythonTest, runProgram } from "../reader.ts";

const OPENED = `
import os, sys
import holdfast
before, after = sys.argv[1:]
opened = holdfast.open_registry(before).open("a@1.0.0")
os.rename(before, f"{before}-old")
os.rename(after, before)
try:
    opened.load()
except holdfast.Conflict as error:
    print(error)
`;

for (const how of ["deleted", "replaced"]) {
  pythonTest(`Python says that files of a version that was ${how} are gone`, async (root) => {
    const [location, before] = [root.join("registry"), root.join("before")];
    await using registry = await openRegistry(location, {
      cache: false,
      mutable: how === "replaced",
    });
    await registry.save("a", noise(1e5));
    await cp(location, before, { recursive: true, preserveTimestamps: true });
    await registry.delete("a@1");
    if (how === "replaced") {
      await registry.save("a", noise(1e5, 2), { version: "1.0.0", onConflict: "overwrite" });
    }
    for (let run = 1; run <= 2; run++) await collectGarbage(registry, { now: true });
    const [said] = await runProgram(OPENED, { args: [before, location] });
    assertEquals(said, `Cannot read "a@1.0.0": it was ${how}, and its files are gone`);
  });
}

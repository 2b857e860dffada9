import { assertEquals, assertStringIncludes } from "@std/assert";
import { readdirSync } from "node:fs";
import { writeFiles } from "../../../disk/write_files.ts";
import { fails } from "../../materializers/fake_artifact.ts";
import { canMount, smallDisk } from "../../support/small_disk.ts";
import { artifactOf } from "../folder_case.ts";

Deno.test("a download to a full disk changes nothing", { ignore: !canMount }, async () => {
  const disk = await smallDisk(2 * 1024 * 1024);
  try {
    await writeFiles(artifactOf({ a: "1" }), disk.join("out"));
    const large = artifactOf({ a: "1", large: new Uint8Array(3 * 1024 * 1024).fill(1) });
    for (const to of ["out", "new"]) {
      const error = await fails("Unavailable", () => writeFiles(large, disk.join(to)));
      assertStringIncludes(error.message, "disk is full");
    }
    const left = readdirSync(disk.path, { recursive: true }).map(String);
    assertEquals(left.sort(), ["out", "out/a"]);
  } finally {
    await disk.remove();
  }
});

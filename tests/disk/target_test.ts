import { assertEquals } from "@std/assert";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { writeFiles } from "../../disk/write_files.ts";
import { fails } from "../materializers/fake_artifact.ts";
import { artifactOf, inFolder, tree } from "./folder_case.ts";

inFolder("nothing is written into a registry, not even through links", async (root) => {
  mkdirSync(join(root, "real/registry"), { recursive: true });
  symlinkSync("real", join(root, "link"));
  const artifact = artifactOf({ "settings/1.rec": "forged" });
  for (const [registry, to] of [["real", "link"], ["link", "real"], ["real", "real"]]) {
    const notInside = pathToFileURL(join(root, registry, "registry")).href;
    for (const below of ["registry", "registry/new/folder"]) {
      const to_ = join(root, to, below);
      await fails("Invalid", () => writeFiles(artifact, to_, { notInside, overwrite: true }));
    }
    await writeFiles(artifact, join(root, to, "registry2"), { notInside, overwrite: true });
  }
  const { length } = tree(join(root, "real/registry"));
  assertEquals(length, 0);
  const written = ["settings/", "settings/1.rec: forged"];
  assertEquals(tree(join(root, "real/registry2")), written);
});

import { assertEquals, assertMatch } from "@std/assert";
import { linkSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findSurplus } from "../../disk/surplus_files.ts";
import { writeFiles } from "../../disk/write_files.ts";
import { fails } from "../materializers/fake_artifact.ts";
import { artifactOf, inFolder, tree } from "./folder_case.ts";

const DELETE = { overwrite: true, delete: true };

inFolder("a home behind a link is not cleared", async (root) => {
  mkdirSync(join(root, "disk/me"), { recursive: true });
  symlinkSync("disk", join(root, "home"));
  const env = (name: string) => name === "HOME" ? join(root, "home/me/") : undefined;
  const disk = realpathSync(join(root, "disk"));
  for (const folder of [disk, join(disk, "me")]) {
    const { message } = await fails("Invalid", () => findSurplus(folder, [], { system: { env } }));
    assertMatch(message, /it is your home, or above it/);
  }
  const elsewhere = findSurplus(join(root, "disk"), [], { system: { env: () => undefined } });
  assertEquals(elsewhere.paths, ["me/"]);
});

inFolder("a file under a name of other case is that of the version", async (root) => {
  const to = join(root, "out");
  mkdirSync(join(to, "Data"), { recursive: true });
  mkdirSync(join(to, "data"));
  writeFileSync(join(to, "README"), "1");
  writeFileSync(join(to, "Data/b"), "2");
  // Hard links stand for a disk that ignores case.
  linkSync(join(to, "README"), join(to, "readme"));
  linkSync(join(to, "Data/b"), join(to, "data/b"));
  writeFileSync(join(to, "other"), "3");
  const { changes } = await writeFiles(artifactOf({ readme: "1", "data/b": "2" }), to, DELETE);
  assertEquals(changes, [{ path: "other", change: "remove" }]);
  assertEquals(tree(to), ["Data/", "Data/b: 2", "README: 1", "data/", "data/b: 2", "readme: 1"]);
});

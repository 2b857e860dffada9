// Downloads on a file system of a user's program, which keeps an open file that is removed under
// another name, as NFS does.
import { assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { writeFiles } from "../../../disk/write_files.ts";
import { judgeTest } from "../../judges/judge_test_case.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { artifactOf, refused, tree } from "../folder_case.ts";

judgeTest("downloads leave nothing behind on FUSE", fuseProblem(), async () => {
  const root = await tempRoot();
  const folder = root.join("mounted");
  await Deno.mkdir(folder);
  await Deno.mkdir(root.join("real"));
  assertEquals(spawnSync("bindfs", [root.join("real"), folder]).status, 0);
  try {
    await writeFiles(artifactOf({ "a/b": "1", c: "2" }), `${folder}/out`);
    await writeFiles(artifactOf({ "a/b": "3", c: "2" }), `${folder}/out`, { overwrite: true });
    await refused("AlreadyExists", artifactOf({ c: "other" }), `${folder}/out`);
    assertEquals(tree(folder), ["out/", "out/a/", "out/a/b: 3", "out/c: 2"]);
    assertEquals(readdirSync(folder), ["out"]);
  } finally {
    spawnSync("fusermount3", ["-u", folder]);
    await root.remove();
  }
});

function fuseProblem(): string | undefined {
  if (spawnSync("bindfs", ["--version"]).status !== 0) {
    return "bindfs is not installed; apt-get install bindfs fuse3 installs it";
  }
  try {
    Deno.openSync("/dev/fuse", { read: true, write: true }).close();
  } catch {
    return "/dev/fuse cannot be opened";
  }
}

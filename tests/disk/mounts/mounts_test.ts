import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fs from "node:fs";
import { join } from "node:path";
import { chooseFiles } from "../../../disk/choose_files.ts";
import { mountPoints, partsByMount } from "../../../disk/mounts/mounts.ts";
import { writeFiles } from "../../../disk/write_files.ts";
import { fails } from "../../materializers/fake_artifact.ts";
import { canMountDead, type Mounts, withMounts } from "../with_mounts.ts";
import { canMount } from "../../support/small_disk.ts";
import { artifactOf, inFolder, tree } from "../folder_case.ts";

/** Registers a test with mounts, which end before the folder is removed. */
function mountTest(
  name: string,
  test: (root: string, mounts: Mounts) => Promise<void>,
  { needs = canMount } = {},
): void {
  const run = (root: string) => withMounts((mounts) => test(root, mounts));
  inFolder(name, run, { ignore: !needs });
}

const SAMPLE = { "a": "1", "sub/b": "2", "sub/deep/c": "3", "sub/in/d": "4", "z -> link": "a" };
const WRITTEN = [
  ...["a: 1", "sub/", "sub/b: 2", "sub/deep/", "sub/deep/c: 3", "sub/in/", "sub/in/d: 4"],
  "z -> a",
];

for (const kind of ["memory", "bind"] as const) {
  mountTest(`a download crosses mounts in its target (${kind})`, async (root, mounts) => {
    const to = join(root, "to é \\ x");
    for (const path of ["sub/in", "sub/deep"]) fs.mkdirSync(join(to, path), { recursive: true });
    fs.mkdirSync(join(root, "other/in"), { recursive: true });
    if (kind === "bind") await mounts.bind(`${root}/other`, join(to, "sub"));
    else await mounts.memory(join(to, "sub"));
    fs.mkdirSync(join(to, "sub/in"), { recursive: true });
    await mounts.memory(join(to, "sub/in"));
    const points = mountPoints();
    assert(points.has(join(to, "sub")) && points.has(join(to, "sub/in")));
    assertEquals((await writeFiles(artifactOf(SAMPLE), to)).written, 5);
    assertEquals(tree(to), WRITTEN);
    const changed = artifactOf({ ...SAMPLE, "sub/b": "new", "sub/in/d": "other" });
    assertEquals((await writeFiles(changed, to, { overwrite: true })).written, 2);
    assertEquals(fs.readFileSync(join(to, "sub/in/d"), "utf8"), "other");
    assertEquals(fs.readFileSync(join(to, "sub/b"), "utf8"), "new");
    const less = artifactOf({ "a": "1" });
    const { deleted } = await writeFiles(less, to, { overwrite: true, delete: true });
    assertEquals([deleted, tree(to)], [4, ["a: 1", "sub/", "sub/in/"]]);
  });
}

mountTest("a read-only mount refuses a download before it begins", async (root, mounts) => {
  fs.mkdirSync(join(root, "sub"));
  await mounts.memory(join(root, "sub"), "ro");
  const fetched: string[] = [];
  const onFile = ({ path }: { path: string }) => void fetched.push(path);
  const write = () => writeFiles(artifactOf(SAMPLE), root, { onFile });
  const error = await fails("Denied", write);
  assertStringIncludes(error.message, "read-only");
  assertEquals([fetched, tree(root)], [[], ["sub/"]]);
});

mountTest("a file that is a mount point is refused and kept", async (root, mounts) => {
  fs.mkdirSync(join(root, "to"));
  for (const path of ["host", "to/a"]) fs.writeFileSync(join(root, path), "old");
  await mounts.bind(join(root, "host"), join(root, "to/a"));
  const to = join(root, "to");
  const replace = () => writeFiles(artifactOf(SAMPLE), to, { overwrite: true });
  assertStringIncludes((await fails("AlreadyExists", replace)).message, "it is a mount point");
  assertEquals(tree(to), ["a: old"]);
  const one = artifactOf({ "a": "new" }, "file");
  await fails("AlreadyExists", () => writeFiles(one, join(to, "a"), { overwrite: true }));
  await writeFiles(artifactOf({ "b": "1" }), to, { delete: true });
  assertEquals(tree(to), ["a: old", "b: 1"]);
});

mountTest(
  "a target may contain a mount whose server is gone, if it is left out",
  async (root, mounts) => {
    fs.mkdirSync(join(root, "gone"));
    fs.writeFileSync(join(root, "surplus"), "x");
    mounts.dead(join(root, "gone"));
    const chosen = await chooseFiles({ exclude: "gone/" });
    const artifact = artifactOf({ "a": "1", "gone/b": "2" });
    const { written, deleted } = await writeFiles(artifact, root, { chosen, delete: true });
    assertEquals([written, deleted, fs.readdirSync(root).sort()], [1, 1, ["a", "gone"]]);
    await fails("Unavailable", () => writeFiles(artifact, root));
  },
  { needs: canMountDead },
);

inFolder("files of one mount are one part", (root) => {
  fs.mkdirSync(join(root, "a/b"), { recursive: true });
  fs.writeFileSync(join(root, "file"), "");
  const files = artifactOf({ "a/b/c": "1", "new/d": "2", "file/e": "3", "f": "4" }).files();
  const parts = partsByMount(root, files, new Set());
  assertEquals(parts.map(({ stageIn, files }) => [stageIn, files.length]), [[root, 4]]);
  const mounts = partsByMount(root, files, new Set([join(root, "a/b")]));
  assertEquals(mounts.map(({ stageIn, files }) => [stageIn, files.length]), [
    [join(root, "a/b"), 1],
    [root, 3],
  ]);
  return Promise.resolve();
});

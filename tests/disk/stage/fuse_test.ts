// Downloads on file systems of a user's program: one keeps an open file that is removed under
// another name, as NFS does, others keep no executable bits, as exFAT and shares of Windows.
import { assertEquals, assertRejects } from "@std/assert";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { writeFiles } from "../../../disk/write_files.ts";
import { localPath, openRegistry } from "../../../mod.ts";
import { judgeTest } from "../../judges/judge_test_case.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { artifactOf, refused, tree } from "../folder_case.ts";

fuseTest("downloads leave nothing behind on FUSE", [], async (folder) => {
  await writeFiles(artifactOf({ "a/b": "1", c: "2" }), `${folder}/out`);
  await writeFiles(artifactOf({ "a/b": "3", c: "2" }), `${folder}/out`, { overwrite: true });
  await refused("AlreadyExists", artifactOf({ c: "other" }), `${folder}/out`);
  assertEquals(tree(folder), ["out/", "out/a/", "out/a/b: 3", "out/c: 2"]);
  assertEquals(readdirSync(folder), ["out"]);
});

const NO_MODES = { all: "--perms=0777", none: "--perms=0666:ugo+X" };

for (const [which, perms] of Object.entries(NO_MODES)) {
  const name = `files are the same after a download where ${which} look executable`;
  fuseTest(name, [perms, "--chmod-ignore", "--chown-ignore"], async (folder) => {
    const artifact = artifactOf({ "data.csv": "1", "run.sh -> executable": "2" });
    await writeFiles(artifact, `${folder}/out`);
    for (const options of [{}, { overwrite: true }, { dryRun: true, overwrite: true }]) {
      assertEquals((await writeFiles(artifact, `${folder}/out`, options)).changes, []);
    }
    assertEquals(readdirSync(folder), ["out"]);
    const registry = await openRegistry("memory:");
    for (const path of ["out", "out/data.csv"]) {
      await registry.save("a", localPath(`${folder}/${path}`));
      const { files } = (await registry.open("a")).info;
      assertEquals(files.map(({ mode }) => mode), files.map(() => undefined), path);
    }
  });
}

fuseTest(
  "a download goes on where no folder is private",
  ["--perms=0777", "--chmod-ignore"],
  async (folder) => {
    const artifact = artifactOf({ a: "1", b: "2", c: "3" });
    const stop = new AbortController();
    const onFile = () => stop.abort(new Error("enough"));
    const stopped = { onFile, signal: stop.signal };
    await assertRejects(() => writeFiles(artifact, `${folder}/out`, stopped), Error, "enough");
    let there = 0;
    const onThere = (_: unknown, bytes: number) => void (there += bytes);
    await writeFiles(artifact, `${folder}/out`, { onThere });
    assertEquals([there, readdirSync(folder)], [1, ["out"]]);
  },
);

/** Registers a test in a folder that shows another one, with these options of bindfs. */
function fuseTest(
  name: string,
  options: string[],
  test: (folder: string) => Promise<void>,
): void {
  judgeTest(name, fuseProblem(), async () => {
    const root = await tempRoot();
    const folder = root.join("mounted");
    await Deno.mkdir(folder);
    await Deno.mkdir(root.join("real"));
    assertEquals(spawnSync("bindfs", [...options, root.join("real"), folder]).status, 0);
    try {
      await test(folder);
    } finally {
      spawnSync("fusermount3", ["-u", folder]);
      await root.remove();
    }
  });
}

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

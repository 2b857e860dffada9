// Downloads on file systems of a user's program: one keeps an open file that is removed under
// another name, as NFS does, others keep no executable bits, as exFAT and shares of Windows.
import { assertEquals, assertRejects } from "@std/assert";
import { readdirSync } from "node:fs";
import { writeFiles } from "../../../disk/write_files.ts";
import { localPath, openRegistry } from "../../../mod.ts";
import { artifactOf, refused, tree } from "../folder_case.ts";
import { fuseTest, OF_ANOTHER_USER, runWithoutOwnership } from "./fuse_folder.ts";

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

fuseTest("downloads go into a folder of another user", OF_ANOTHER_USER, async (folder) => {
  const program = `
    import { writeFiles } from "./disk/write_files.ts";
    import { artifactOf } from "./tests/disk/folder_case.ts";
    const to = ${JSON.stringify(`${folder}/out`)};
    const artifact = artifactOf({ "data.csv": "1", "run.sh -> executable": "2" });
    await writeFiles(artifact, to);
    console.log((await writeFiles(artifact, to, { overwrite: true })).changes);
    for (const file of artifact.files()) file.info.modifiedAt = "2026-01-01T00:00:00.000Z";
    await writeFiles(artifact, to).catch((error) => console.log(error.message));`;
  const output = await runWithoutOwnership(Deno.execPath(), ["eval", "--no-check", program]);
  assertEquals(output, '[]\nCannot set the time of "data.csv": permission denied\n');
  assertEquals(readdirSync(folder), ["out"]);
});

import { assertEquals, assertStringIncludes } from "@std/assert";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { writeLocalFile } from "../../backends/s3_configs/local_file.ts";
import { bytesStream } from "../../core/bytes/bytes.ts";
import { realSystem } from "../../core/system.ts";
import { writeFiles } from "../../disk/write_files.ts";
import { fails } from "../materializers/fake_artifact.ts";
import { artifactOf, inFolder } from "./folder_case.ts";

const MODES = ["", " -> link", " -> executable", " -> folder"];

/** Every way to a pipe in the place of something that a download writes. */
const WAYS: Record<string, [path: string, files: Record<string, string>, id?: string]> = {
  "a single file": ["out", { f: "1" }, "file"],
  "a folder": ["out", { f: "1" }],
  "a parent": ["out/a", { "a/b": "1" }],
  ...Object.fromEntries(
    MODES.map((mode) => [`a file${mode}`, ["out/a", { [`a${mode}`]: "b", b: "1" }]]),
  ),
};

for (const [way, [path, files, id]] of Object.entries(WAYS)) {
  inFolder(`a download never replaces a pipe, or a link to a device: ${way}`, async (root) => {
    for (const kind of ["pipe", "link"]) {
      const to = join(root, kind);
      const special = join(to, path);
      fs.mkdirSync(join(special, ".."), { recursive: true });
      if (kind === "pipe") execFileSync("mkfifo", [special]);
      else fs.symlinkSync("/dev/null", special);
      const before = fs.lstatSync(special);
      const options = { overwrite: true, delete: kind === "pipe" };
      await fails(
        "AlreadyExists",
        () => writeFiles(artifactOf(files, id), join(to, "out"), options),
      );
      const after = fs.lstatSync(special);
      assertEquals([after.ino, after.mode], [before.ino, before.mode], kind);
    }
  });
}

inFolder("a download that deletes other files leaves pipes", async (root) => {
  fs.mkdirSync(join(root, "out"));
  for (const name of ["pipe", "sub"]) fs.writeFileSync(join(root, "out", name), "old");
  fs.rmSync(join(root, "out/pipe"));
  execFileSync("mkfifo", [join(root, "out/pipe")]);
  const { changes } = await writeFiles(artifactOf({ f: "1" }), join(root, "out"), { delete: true });
  assertEquals(changes.map(({ path }) => path).sort(), ["f", "sub"]);
  assertEquals(fs.readdirSync(join(root, "out")).sort(), ["f", "pipe"]);
});

inFolder("a downloaded object never replaces a pipe", async (root) => {
  const pipe = join(root, "pipe");
  execFileSync("mkfifo", [pipe]);
  const options = { overwrite: true, system: realSystem };
  const content = bytesStream(Uint8Array.of(1));
  const error = await fails("AlreadyExists", () => writeLocalFile(content, pipe, options));
  assertStringIncludes(error.message, "a pipe");
  assertEquals(fs.readdirSync(root), ["pipe"]);
});

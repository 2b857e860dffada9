import { assert, assertEquals } from "@std/assert";
import { closeSync, ftruncateSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { localPath, openRegistry } from "../../mod.ts";
import { testInRoot } from "../support/temp_root.ts";
import { IS_QUICK } from "../support/seeds.ts";

const MIB = 1024 * 1024;

/** Returns the bytes that a file, or the files below a folder, take on the disk. */
function spaceOf(path: string): number {
  const found = statSync(path);
  const below = found.isDirectory() ? readdirSync(path) : [];
  return below.reduce((sum, name) => sum + spaceOf(join(path, name)), found.blocks * 512);
}

testInRoot("holes of a file take no space in a folder registry nor in a download", async (root) => {
  const file = openSync(root.join("sparse.bin"), "wx");
  ftruncateSync(file, 64 * MIB);
  writeSync(file, new Uint8Array(4096).fill(1), 0, 4096, 20 * MIB);
  writeSync(file, new Uint8Array(5000).fill(2), 0, 5000, 41 * MIB + 77);
  closeSync(file);

  const registry = await openRegistry(root.join("registry"), { cache: false });
  await registry.save("sparse", localPath(root.join("sparse.bin")));
  await registry.download("sparse", { to: root.join("out") });
  await registry.close();

  for (const folder of ["registry", "out"]) {
    const space = spaceOf(root.join(folder));
    assert(space < 16 * MIB, `${space} bytes in ${folder}`);
  }
  const [saved, downloaded] = await Promise.all(
    ["sparse.bin", "out"].map((path) => readFile(root.join(path))),
  );
  assertEquals(downloaded!.byteLength, 64 * MIB, "the hole at the end is there");
  assert(saved!.equals(downloaded!));
}, { ignore: IS_QUICK });

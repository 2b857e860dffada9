// Folders with signatures that are imported.
import { assertEquals, assertMatch } from "@std/assert";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { type CliTest, cliTest } from "../../../apps/captured_io.ts";
import { ecKeys } from "../signed.ts";

const LINE = ["import", "files", "old/{name}/{version}", ".holdfast", "--signatures"];

/** Writes the folders of two versions, with signatures of a key. */
async function writeSigned(it: CliTest): Promise<void> {
  const { privateKey, publicKey } = ecKeys();
  await writeFile(join(it.cwd, "key.pem"), privateKey);
  await writeFile(join(it.cwd, "key.pub"), publicKey);
  await it.succeeds("init made");
  for (const version of [1, 2]) {
    const folder = `old/digits/${version}`;
    await mkdir(join(it.cwd, folder, "deep"), { recursive: true });
    await writeFile(join(it.cwd, folder, "w.bin"), `weights ${version}`);
    await writeFile(join(it.cwd, folder, "deep/empty"), "");
    await it.succeeds(`save digits ${folder} -r made`);
    await it.succeeds(`sign digits@${version} --key key.pem -r made`);
    await it.succeeds(`signatures digits@${version} --to ${folder} -r made`);
  }
  await rm(join(it.cwd, "made"), { recursive: true });
}

async function pathsIn(it: CliTest, ref: string): Promise<string[]> {
  const { files } = await it.json(`info ${ref} --json`);
  return files.map(({ path }: { path: string }) => path);
}

cliTest("import files --signatures keeps model.sig as a signature", async (it) => {
  await writeSigned(it);
  await it.prints(
    [...LINE, "--create"],
    "Imported 2 versions (4 files, 18 B), 0 unchanged\n",
  );
  for (const ref of ["digits@1", "digits@2"]) {
    assertEquals(await pathsIn(it, ref), ["deep/empty", "w.bin"]);
    await it.succeeds(`signatures ${ref} --signed-by key.pub`);
  }
  const before = await it.json("signatures digits@1 --json");
  await it.succeeds(LINE);
  assertEquals(await it.json("signatures digits@1 --json"), before, "nothing is written again");

  // An import that ended between a version and its signature.
  await it.succeeds(["note", "digits@2", "--label", "signatures:=null"]);
  await it.succeeds(LINE);
  await it.succeeds("signatures digits@2 --signed-by key.pub");
});

cliTest("import files --signatures refuses a version of other files", async (it) => {
  await writeSigned(it);
  await mkdir(join(it.cwd, "old/digits/3"));
  await writeFile(join(it.cwd, "old/digits/3/w.bin"), "unsigned");
  await writeFile(join(it.cwd, "old/digits/1/w.bin"), "weights X");
  const checked = await it.holdfast([...LINE, "--create", "--dry-run", "--check"]);
  const found = await it.holdfast([...LINE, "--create"]);
  for (const { code, out } of [checked, found]) {
    assertEquals(code, 1);
    assertMatch(out, /digits@1\.0\.0 .*"w\.bin" has other bytes than were signed/);
  }
  const versions = await it.jsonLines("versions digits --json");
  assertEquals(versions.map(({ version }) => version), ["3.0.0", "2.0.0"]);
  assertEquals((await it.json("signatures digits@3 --json")).signatures, []);

  await writeFile(join(it.cwd, "old/digits/1/w.bin"), "weights 1");
  await writeFile(join(it.cwd, "old/digits/1/deep/more"), "");
  assertMatch((await it.holdfast(LINE)).out, /"deep\/more" is not signed/);
  await rm(join(it.cwd, "old/digits/1/deep/more"));
  const sig = join(it.cwd, "old/digits/1/model.sig");
  const text = await readFile(sig, "utf8");
  await writeFile(sig, text.slice(1));
  assertMatch((await it.holdfast(LINE)).out, /Cannot read the bundle: it is not JSON/);
  await writeFile(sig, text);
  await copyFile(join(it.cwd, "old/digits/2/model.sig"), join(it.cwd, "old/digits/1/model.sig"));
  assertMatch((await it.holdfast(LINE)).out, /has other bytes than were signed/);
  await it.fails("info digits@1", 3, "digits@1");
});

cliTest("import files without --signatures saves model.sig as a file", async (it) => {
  await writeSigned(it);
  await it.succeeds([...LINE.slice(0, -1), "--create"]);
  assertEquals(await pathsIn(it, "digits@1"), ["deep/empty", "model.sig", "w.bin"]);
  assertEquals((await it.json("signatures digits@1 --json")).signatures, []);
  const { code, out } = await it.holdfast(LINE);
  assertEquals(code, 1);
  assertMatch(out, /"model\.sig" is not signed/);
});

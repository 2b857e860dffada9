// Writes the registries of tests/fixtures/earlier by the programs of commits that it lacks:
//   deno run -A tests/registry/earlier/write.ts
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { tempRoot } from "../../support/temp_root.ts";
import { COMMITS, unpackCommit } from "./commits.ts";
import { fixtureOf } from "./fixtures.ts";
import { startProgram } from "./start_program.ts";

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort();
}

for (const commit of COMMITS) {
  const fixture = fixtureOf(commit);
  if (existsSync(fixture)) continue;
  const root = await tempRoot();
  const folder = root.join("registries");
  await mkdir(folder);
  const program = startProgram(await unpackCommit(commit, root));
  await program.call("writeContent", folder);
  await program.end();
  for (const name of await readdir(folder)) {
    for (const n of ["", 1, 2, 3]) await rm(`${folder}/${name}/.reserve${n}`, { force: true }); // no reader needs them
  }
  const list = root.join("list");
  await writeFile(list, (await filesBelow(folder)).join("\n"));
  await promisify(execFile)("tar", ["-czf", fixture, "-C", folder, "-T", list]);
  await root.remove();
  console.log(`Wrote ${fixture}`);
}

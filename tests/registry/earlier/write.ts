// Writes the registries of tests/fixtures/earlier by the programs of commits that it lacks:
//   deno run -A tests/registry/earlier/write.ts
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { REPOSITORY } from "../../support/run_deno.ts";
import { type TempRoot, tempRoot } from "../../support/temp_root.ts";
import { COMMITS } from "./commits.ts";
import { fixtureOf } from "./fixtures.ts";

const run = promisify(execFile);

/** Unpacks the source of a commit, and returns its folder. */
async function unpackCommit(commit: string, root: TempRoot): Promise<string> {
  const source = root.join(commit), archive = root.join(`${commit}.tar`);
  await mkdir(source);
  await run("git", ["archive", "--output", archive, commit], { cwd: REPOSITORY });
  await run("tar", ["-xf", archive, "-C", source]);
  return source;
}

/** Writes the registries of a commit by its program. */
async function writeBy(commit: string, folder: string, root: TempRoot): Promise<void> {
  const source = await unpackCommit(commit, root);
  const program = fileURLToPath(new URL("./program.ts", import.meta.url));
  const args = ["run", "-A", "--quiet", "--no-lock", "--config", join(source, "deno.json")];
  await run(process.execPath, [...args, program, pathToFileURL(`${source}/`).href, folder]);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !/^\.reserve\d?$/.test(entry.name)); // no reader needs these
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort();
}

for (const commit of COMMITS) {
  const fixture = fixtureOf(commit);
  if (existsSync(fixture)) continue;
  const root = await tempRoot();
  const folder = root.join("registries");
  await mkdir(folder);
  await writeBy(commit, folder, root);
  const list = root.join("list");
  await writeFile(list, (await filesBelow(folder)).join("\n"));
  await run("tar", ["-czf", fixture, "-C", folder, "-T", list]);
  await root.remove();
  console.log(`Wrote ${fixture}`);
}

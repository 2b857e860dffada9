// `deno task python`: builds the wheel and the source archive of the Python package into `dist/`;
// `--out FOLDER` writes them elsewhere. `HOLDFAST_PYTHON` names a Python that has `build` and
// `hatchling`; otherwise a temporary environment of `python3` gets them. Both contain the command line, which
// `python/holdfast/command.py` runs.
import { cp, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { join, resolve } from "@std/path";
import { realSystem } from "../core/system.ts";
import { REPOSITORY } from "../tests/support/run_deno.ts";
import { tempRoot } from "../tests/support/temp_root.ts";
import { writeProgram } from "./python/program.ts";

const TOOLS = ["build==1.6.1", "hatchling==1.33.0"];

/** @param hasProgram whether they contain the command line, which takes most of the time */
export async function buildPython(out: string, { hasProgram = true } = {}): Promise<void> {
  const named = realSystem.env("HOLDFAST_PYTHON");
  await using root = await tempRoot();
  let python = named;
  if (python === undefined) {
    await run("python3", ["-m", "venv", root.join("venv")]);
    python = root.join("venv/bin/python");
    await run(python, ["-m", "pip", "install", "--quiet", ...TOOLS]);
  }
  const folder = root.join("python");
  await cp(join(REPOSITORY, "python"), folder, {
    recursive: true,
    filter: (path) => !path.includes("__pycache__"),
  });
  await cp(join(REPOSITORY, "LICENSE"), join(folder, "LICENSE"));
  if (hasProgram) {
    const licenses = await writeProgram(join(folder, "holdfast/_program"));
    await writeFile(join(folder, "LICENSES-of-packages.txt"), licenses);
  }
  await run(python, ["-m", "build", "--no-isolation", "--outdir", resolve(out), folder]);
}

async function run(command: string, args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) {
    throw new Error(`Cannot run ${args.join(" ")}:\n${decode(stdout)}${decode(stderr)}`);
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { out: { type: "string", default: "dist" } } });
  await buildPython(values.out);
  console.log(`The wheel and the source archive are in ${values.out}.`);
}

// `deno task python`: builds the wheel and the source archive of the Python package into `dist/`;
// `--out FOLDER` writes them elsewhere. `HOLDFAST_PYTHON` names a Python that has `build` and
// `hatchling`; otherwise a temporary environment of `python3` gets them.
import { parseArgs } from "node:util";
import { join } from "@std/path";
import { realSystem } from "../core/system.ts";
import { REPOSITORY } from "../tests/support/run_deno.ts";
import { tempRoot } from "../tests/support/temp_root.ts";

const TOOLS = ["build==1.6.1", "hatchling==1.33.0"];

export async function buildPython(out: string): Promise<void> {
  const named = realSystem.env("HOLDFAST_PYTHON");
  await using root = await tempRoot();
  let python = named;
  if (python === undefined) {
    await run("python3", ["-m", "venv", root.join("venv")]);
    python = root.join("venv/bin/python");
    await run(python, ["-m", "pip", "install", "--quiet", ...TOOLS]);
  }
  const options = ["--no-isolation", "--outdir", out];
  await run(python, ["-m", "build", ...options, join(REPOSITORY, "python")]);
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

// A Python that has NumPy, and zarr, to check files against the real thing.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { realSystem } from "../../core/system.ts";
import { IS_QUICK } from "./seeds.ts";

const run = promisify(execFile);

/** Fails unless modules are there, of a major version or a later one. */
const FIND = `
import sys, importlib.metadata as metadata, importlib.util as util
major, *modules = sys.argv[1:]
assert all(map(util.find_spec, modules))
if major != "0":
    assert all(int(metadata.version(each).split(".")[0]) >= int(major) for each in modules)
`;

export async function findNumpy(): Promise<string | undefined> {
  return await findPython("numpy");
}

/**
 * The command of a Python with a module, or with some: `HOLDFAST_PYTHON`, which must then have it, else `python3` if that
 * has it. Undefined where there is none: the tests that need it are then ignored, visibly. It imports none of them, which
 * takes up to a second.
 *
 * @param major the first number of the version that the module must have, at least. @default any
 * @param variable the variable that names the Python. A quick run has only the usual one
 */
export async function findPython(
  module: string,
  major = 0,
  variable = "HOLDFAST_PYTHON",
): Promise<string | undefined> {
  if (IS_QUICK && variable !== "HOLDFAST_PYTHON") return undefined;
  const named = realSystem.env(variable);
  const python = named ?? "python3";
  try {
    await run(python, ["-c", FIND, String(major), ...module.split(", ")]);
    return python;
  } catch (cause) {
    if (named === undefined) return undefined;
    const state = major === 0 ? "" : ` ${major} or later`;
    throw new Error(`Cannot use ${variable}: ${named} has no ${module}${state}`, { cause });
  }
}

export async function runPython(
  python: string,
  source: string,
  args: string[] = [],
): Promise<string> {
  const { stdout } = await run(python, ["-c", source, ...args]);
  return stdout;
}

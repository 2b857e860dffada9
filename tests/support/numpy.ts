// A Python that has NumPy, and zarr, to check files against the real thing.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { realSystem } from "../../core/system.ts";

const run = promisify(execFile);

export async function findNumpy(): Promise<string | undefined> {
  return await findPython("numpy");
}

/**
 * The command of a Python with a module, or with some: `HOLDFAST_PYTHON`, which must then have it, else `python3` if that
 * has it. Undefined where there is none: the tests that need it are then ignored, visibly.
 *
 * @param check what the module must hold true: an expression of Python. @default that it is installed, which takes less than to import it
 * @param variable the variable that names the Python
 */
export async function findPython(
  module: string,
  check?: string,
  variable = "HOLDFAST_PYTHON",
): Promise<string | undefined> {
  const named = realSystem.env(variable);
  const python = named ?? "python3";
  const program = check === undefined
    ? "import sys, importlib.util as util; assert all(map(util.find_spec, sys.argv[1:]))"
    : `import ${module}; assert ${check}`;
  try {
    await run(python, ["-c", program, ...module.split(", ")]);
    return python;
  } catch (cause) {
    if (named === undefined) return undefined;
    const state = check === undefined ? "" : ` of which ${check}`;
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

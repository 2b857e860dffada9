// A Python that has NumPy, and zarr, to check files against the real thing.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { realSystem } from "../../core/system.ts";

const run = promisify(execFile);

export async function findNumpy(): Promise<string | undefined> {
  return await findPython("numpy");
}

/**
 * The command of a Python with a module: `HOLDFAST_PYTHON`, which must then have it, else `python3` if that has it.
 * Undefined where there is none: the tests that need it are then ignored, visibly.
 *
 * @param check what the module must hold true: an expression of Python
 * @param variable the variable that names the Python
 */
export async function findPython(
  module: string,
  check = "True",
  variable = "HOLDFAST_PYTHON",
): Promise<string | undefined> {
  const named = realSystem.env(variable);
  const python = named ?? "python3";
  try {
    await run(python, ["-c", `import ${module}; assert ${check}`]);
    return python;
  } catch (cause) {
    if (named === undefined) return undefined;
    throw new Error(`Cannot use ${variable}: ${named} has no ${module} of which ${check}`, {
      cause,
    });
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

/**
 * A Python that has NumPy, to check `.npy` files against the real thing.
 *
 * @module
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { realSystem } from "../../core/system.ts";

const run = promisify(execFile);

/**
 * The command of a Python with NumPy: `HOLDFAST_PYTHON`, which must then have it, else `python3` if that has it.
 * Undefined where there is none: the tests that need it are then ignored, visibly.
 */
export async function findNumpy(): Promise<string | undefined> {
  const named = realSystem.env("HOLDFAST_PYTHON");
  const python = named ?? "python3";
  try {
    await run(python, ["-c", "import numpy"]);
    return python;
  } catch (cause) {
    if (named === undefined) return undefined;
    throw new Error(`Cannot use HOLDFAST_PYTHON: ${named} has no NumPy`, { cause });
  }
}

/** What a Python program prints. */
export async function runPython(python: string, source: string, args: string[] = []): Promise<string> {
  const { stdout } = await run(python, ["-c", source, ...args]);
  return stdout;
}

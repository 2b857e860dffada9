// The start of a Python program that imports the package, beside one that imports nothing.
import { join } from "node:path";
import process from "node:process";
import { findPython } from "../../support/numpy.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { timedProgram } from "../buckets/s5cmd.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";

const START = "floor: start Python";
const PROGRAMS: Record<string, string> = {
  [START]: "pass",
  "import holdfast": "import holdfast",
  "the same, and open a folder": "import holdfast.store.open_store",
  "the same, and connect": "import holdfast; holdfast.connect('http://127.0.0.1:1')",
  "import urllib.request": "import urllib.request",
  "import numpy": "import numpy",
};

export async function createImportsGroup({ quick }: BenchSettings): Promise<Group> {
  const python = await findPython("numpy");
  if (python === undefined) throw new Error("Cannot measure imports: set HOLDFAST_PYTHON");
  const env = {
    ...process.env,
    PYTHONPATH: join(REPOSITORY, "python"),
    PYTHONDONTWRITEBYTECODE: "", // compiled once, as an installed package is
  };
  const count = quick ? 3 : 20;
  const best = new Map<string, number>();
  const measures = Object.entries(PROGRAMS).map(([name, code]): Measure => ({
    name,
    count,
    unit: "op",
    floor: name === START ? undefined : START,
    async run() {
      const total: Timing = { wallMs: 0, cpuMs: 0 };
      for (let i = 0; i < count; i++) {
        const { wallMs, cpuMs } = await timedProgram(python, ["-c", code], env);
        total.wallMs += wallMs;
        total.cpuMs += cpuMs;
      }
      best.set(name, Math.min(best.get(name) ?? Infinity, total.cpuMs / count));
      return total;
    },
    facts: (): Record<string, string> =>
      name === START
        ? {}
        : { import: `${(best.get(name)! - best.get(START)!).toFixed(0)} ms of processor time` },
  }));
  return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
}

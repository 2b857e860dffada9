// Saves of a state of training from Python into a registry in a folder, without a service before.
import { execFile } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { openRegistry } from "../../../mod.ts";
import { ENVIRONMENT } from "../../python/reader.ts";
import { findPython } from "../../support/numpy.ts";
import { LOADS_LATE, REPOSITORY } from "../../support/run_deno.ts";
import type { BenchSettings, Group, Measure } from "../measure.ts";

const PROGRAM = join(REPOSITORY, "tests/bench/python/save_state.py");

export async function createStatesGroup(
  { folder, quick, largeMib }: BenchSettings,
): Promise<Group> {
  const python = await findPython("torch, safetensors", 0, "HOLDFAST_TORCH_PYTHON");
  if (python === undefined) throw new Error("Cannot measure: set HOLDFAST_TORCH_PYTHON");
  const mib = quick ? 64 : largeMib;
  const env = {
    ...process.env,
    ...ENVIRONMENT,
    TMPDIR: folder,
    HOLDFAST_COMMAND: `${Deno.execPath()} run -A ${LOADS_LATE} ${join(REPOSITORY, "apps/cli.ts")}`,
  };

  async function save(...way: string[]) {
    const place = join(folder, "registry");
    try {
      await (await openRegistry(place, { cache: false })).close();
      const args = [PROGRAM, place, String(mib), ...way];
      return JSON.parse((await promisify(execFile)(python!, args, { env })).stdout);
    } finally {
      fs.rmSync(place, { recursive: true, force: true });
    }
  }

  const floor = `floor: save_file with fsync, ${mib} MiB`;
  const ways = {
    [floor]: ["file"],
    "a new state of tensors": ["tensors"],
    "the same with one changed tensor": ["tensors", "changed"],
    "the same with all tensors changed": ["tensors", "all"],
    "a new state of arrays": ["arrays"],
    "the same with one changed array": ["arrays", "changed"],
  };
  const measures = Object.entries(ways).map(([name, way]): Measure => {
    let last: { proof?: number; memory?: number } = {};
    const percent = (part: number) => `${(100 * part).toFixed(0)} %`;
    return {
      name,
      count: mib,
      unit: "MiB",
      floor: name === floor ? undefined : floor,
      run: async () => last = await save(...way),
      facts(): Record<string, string> {
        const { proof, memory } = last;
        if (proof === undefined || memory === undefined) return {};
        return { "its proof": percent(proof), "memory beside the state": percent(memory) };
      },
    };
  });
  return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
}

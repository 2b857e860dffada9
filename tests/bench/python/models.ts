// A save of a model of PyTorch in one line, beside a file of safetensors that is saved by its path.
import { execFile } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { openRegistry } from "../../../mod.ts";
import { ENVIRONMENT, served } from "../../python/reader.ts";
import { findPython } from "../../support/numpy.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";

interface Report extends Timing {
  /** Bytes of the files of the version. */
  size: number;
  /** Bytes of the process with its model, before the save. */
  before: number;
  /** The most bytes of the process during the save. */
  most: number;
}

export async function createModelsGroup(
  { folder, quick, largeMib }: BenchSettings,
): Promise<Group> {
  const python = await findPython("torch, safetensors", 0, "HOLDFAST_TORCH_PYTHON");
  if (python === undefined) throw new Error("Cannot measure: set HOLDFAST_TORCH_PYTHON");
  const mib = quick ? 128 : largeMib;
  const env = { ...process.env, ...ENVIRONMENT, TMPDIR: folder };
  const program = join(REPOSITORY, "tests/bench/python/save_model.py");

  async function save(way: string): Promise<Report> {
    const place = join(folder, "registry");
    try {
      await using registry = await openRegistry(place, { cache: false });
      await using service = served(registry, ["write:*", "read:*"]);
      const args = [program, service.location, service.token!, "net", String(mib), way];
      return JSON.parse((await promisify(execFile)(python!, args, { env })).stdout);
    } finally {
      fs.rmSync(place, { recursive: true, force: true });
    }
  }

  const floor = `floor: save_file, and save(path) of ${mib} MiB`;
  const ways = { [floor]: "file", [`save(model) of ${mib} MiB`]: "object" };
  const measures = Object.entries(ways).map(([name, way]): Measure => {
    let most = 0, added = 0;
    return {
      name,
      count: mib,
      unit: "MiB",
      floor: name === floor ? undefined : floor,
      async run() {
        const report = await save(way);
        most = Math.max(most, report.most / report.size);
        added = Math.max(added, (report.most - report.before) / report.size);
        return report;
      },
      columns: () => ({
        "memory, with the model": `${most.toFixed(2)} × the file`,
        "more than before": `${added.toFixed(2)} × the file`,
      }),
    };
  });
  return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
}

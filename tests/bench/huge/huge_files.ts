// Images and arrays of 1 GiB by path, each store in a process of its own, whose memory is looked
// at.
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { placeOf } from "../../servers/server_world.ts";
import { startServer } from "../../support/servers/mod.ts";
import type { BenchSettings, Group, Measure } from "../measure.ts";
import type { FilesReport } from "./files_process.ts";

const run = promisify(execFile);
/** The steps of the process; the first one runs them all. */
const STEPS = [
  "save an image",
  "read 512 x 512 of it",
  "save an array",
  "read 4 of its rows",
  "read all of it",
  "save an array in zarr",
  "read 4 of its rows in zarr",
];

/** Saving, and reading in part, files that are larger than the memory that it takes. */
export async function createHugeFilesGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const server = await startServer("minio");
  const script = fileURLToPath(new URL("files_process.ts", import.meta.url));
  const mib = quick ? 64 : 1024;

  function measures(kind: string, ...place: string[]): Measure[] {
    let report: FilesReport = [];
    const step = (name: string) => report.find((step) => step.name === name)!;
    return STEPS.map((name, index) => ({
      name: `${kind}, ${name}`,
      ...(name.startsWith("save") || name.endsWith("all of it")
        ? { unit: "MiB", count: mib }
        : { unit: "op", count: 1 }),
      facts: () => ({ "peak RSS MiB": step(name).rssMib }),
      run: async () => {
        if (index === 0) {
          const args = ["run", "-A", script, kind, join(folder, kind), String(mib), ...place];
          report = JSON.parse((await run(process.execPath, args)).stdout);
        }
        return step(name).time;
      },
    }));
  }

  return {
    measures: [...measures("disk"), ...measures("bucket", JSON.stringify(placeOf(server)))],
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

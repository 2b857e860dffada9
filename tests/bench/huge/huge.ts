/**
 * A file of 4 GiB, saved and downloaded in a process of its own, whose memory is watched.
 *
 * @module
 */
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { streamAndHash } from "../floors.ts";
import { timed } from "../measure.ts";
import type { BenchSettings, Group, Measure } from "../measure.ts";
import type { HugeReport } from "./huge_process.ts";

const run = promisify(execFile);

/** Saving and downloading one huge file. */
// deno-lint-ignore require-await -- like the other groups
export async function createHugeGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const mib = quick ? 256 : 4096;
  const file = join(folder, "huge.bin");
  const copy = join(folder, "copy.bin");
  fs.writeFileSync(file, "begin");
  fs.truncateSync(file, mib * 1024 * 1024); // a file with holes: the disk's reading speed is not what is measured
  let report: HugeReport | undefined;

  return {
    measures: [
      measure("save", async () => {
        report = await transfer();
        return report.save;
      }, () => ({ "peak RSS MiB": report!.saveRssMib })),
      measure("download", () => report!.download, () => ({ "peak RSS MiB": report!.downloadRssMib })),
      measure("floor: read, SHA-256, write", () => timed(() => streamAndHash(file, copy))),
    ],
    async [Symbol.asyncDispose]() {},
  };

  function measure(name: string, run: Measure["run"], facts?: Measure["facts"]): Measure {
    const floor = name.startsWith("floor") ? undefined : "floor: read, SHA-256, write";
    const label = floor === undefined ? name : `${name} a file of ${mib} MiB`;
    return { name: label, count: mib, unit: "MiB", run, facts, floor };
  }

  async function transfer(): Promise<HugeReport> {
    const script = fileURLToPath(new URL("huge_process.ts", import.meta.url));
    const { stdout } = await run(process.execPath, ["run", "-A", script, file, join(folder, "work")]);
    return JSON.parse(stdout);
  }
}

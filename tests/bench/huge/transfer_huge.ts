// A huge file that goes up and comes down in a process of its own, whose memory is looked at.
import { execFile } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { placeOf } from "../../servers/server_world.ts";
import type { ServerPlace } from "../../servers/server_world.ts";
import type { Measure } from "../measure.ts";
import { MIB } from "../values.ts";
import type { HugeReport } from "./huge_process.ts";

const run = promisify(execFile);

/** Where {@linkcode createHugeMeasures} works. */
export interface HugeOptions {
  /** Where files go. */
  folder: string;
  /** MiB of the file. */
  mib: number;
  /** The server of the bucket that the registry is in. @default none: it is on the disk */
  server?: ServerPlace;
  /** What names begin with. @default nothing */
  prefix?: string;
}

/** Writes the file: with holes, as the disk's reading speed is not what is measured. */
export function writeHuge(folder: string, mib: number): string {
  const file = join(folder, "huge.bin");
  fs.writeFileSync(file, "begin");
  fs.truncateSync(file, mib * MIB);
  return file;
}

/** The save of a huge file and its download. */
export function createHugeMeasures({ folder, mib, server, prefix = "" }: HugeOptions): Measure[] {
  const file = writeHuge(folder, mib);
  const script = fileURLToPath(new URL("huge_process.ts", import.meta.url));
  const place = server === undefined ? [] : [JSON.stringify(placeOf(server))];
  let report: HugeReport | undefined;
  const measure = (verb: string, run: Measure["run"], rssMib: () => number): Measure => ({
    name: `${prefix}${verb} a file of ${mib} MiB`,
    unit: "MiB",
    count: mib,
    run,
    facts: () => ({ "peak RSS MiB": rssMib() }),
  });
  return [
    measure("save", async () => {
      const { stdout } = await run(process.execPath, [
        "run",
        "-A",
        script,
        file,
        join(folder, "work"),
        ...place,
      ]);
      report = JSON.parse(stdout) as HugeReport;
      return report.save;
    }, () => report!.saveRssMib),
    measure("download", () => report!.download, () => report!.downloadRssMib),
  ];
}

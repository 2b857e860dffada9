// Saves a file and downloads it again, and says how much memory that took. Arguments: the file, a
// folder to work in, and for a registry in a bucket where its server is.
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { localPath, openRegistry } from "../../../mod.ts";
import { createServerStore } from "../../servers/server_world.ts";
import { timed } from "../measure.ts";
import type { Timing } from "../measure.ts";

/** What it says, as JSON on standard output. */
export interface HugeReport {
  /** Time of the save. */
  save: Timing;
  /** Time of the download. */
  download: Timing;
  /** Most memory ever resident up to the end of the save, MiB. */
  saveRssMib: number;
  /** Most memory ever resident, MiB. */
  downloadRssMib: number;
}

/** Most memory that this process ever had, MiB. */
export function peakRssMib(): number {
  const [, kib] = /^VmHWM:\s*(\d+) kB/m.exec(fs.readFileSync("/proc/self/status", "utf8"))!;
  return Math.round(Number(kib) / 1024);
}

if (import.meta.main) {
  const [file, folder, server] = process.argv.slice(2);
  const registry = server === undefined
    ? await openRegistry(join(folder, "registry"), { durability: "os" })
    : await openRegistry(createServerStore(JSON.parse(server), { prefix: "huge" }), {
      cache: false,
    });
  fs.mkdirSync(folder, { recursive: true });
  const save = await timed(() => registry.save("huge", localPath(file), { base: null })); // an earlier run is no help
  const saveRssMib = peakRssMib();
  const download = await timed(() => registry.download("huge", { to: join(folder, "out") }));
  const report: HugeReport = { save, download, saveRssMib, downloadRssMib: peakRssMib() };
  await registry[Symbol.asyncDispose]();
  fs.rmSync(folder, { recursive: true });
  console.log(JSON.stringify(report));
}

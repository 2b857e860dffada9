// One call on a large file, as a program of its own: so it can have fewer processors, trust the
// certificate of a test server as its users would, and show how much memory it took.
// Arguments: the call as JSON. Prints a `LargeReport`.
import process from "node:process";
import { localPath, openRegistry } from "../../../mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createServerStore, type ServerPlace } from "../../servers/server_world.ts";
import { peakRssMib } from "../batch/memory_process.ts";
import { timed, type Timing } from "../measure.ts";
import { runBareThreads } from "./bare_threads.ts";
import { runBareUpload } from "./bare_upload.ts";
import { DOWNLOAD_STAGES, SAVE_STAGES } from "./stages.ts";

export interface LargeCall {
  operation: "save" | "download" | "verify" | "bare loop up" | "bare loop down" | "stage";
  /** Of `SAVE_STAGES` or `DOWNLOAD_STAGES`. */
  stage?: string;
  /** Bytes of the file; only stages need it. */
  size?: number;
  /** A bucket, or the folder of a registry. */
  place: ServerPlace | string;
  version: string;
  /** The file that is saved, or where it is downloaded to. */
  path: string;
  /** @default as many as there are processors */
  threads?: number;
}

export interface LargeReport {
  timing: Timing;
  peakRssMib: number;
}

if (import.meta.main) {
  const { operation, place, version, path, threads, stage, size = 0 }: LargeCall = JSON.parse(
    process.argv[2]!,
  );
  const isFolder = typeof place === "string";
  const registry = isFolder
    ? await openRegistry(place, { durability: "os", cache: false, threads })
    : await openRegistry(createServerStore(place, { prefix: "registry" }), { cache: false });
  const timing = await timed(async () => {
    if (operation === "save") {
      await registry.save("large", localPath(path), { version });
    } else if (operation === "download") {
      await registry.download("large", { to: path, version });
    } else if (operation === "bare loop up") {
      await runBareUpload(registry.backend!, `objects/bare/${version}`, path);
    } else if (operation === "bare loop down") {
      await runBareThreads(registry.backend!, path);
    } else if (operation === "stage") {
      const run = { ...SAVE_STAGES, ...DOWNLOAD_STAGES }[stage!]!;
      await run({ store: registry.backend!, path, target: `${path}.target`, size });
    } else {
      const { ok } = await verifyRegistry(registry);
      if (!ok) throw new Error("Cannot measure: the registry is damaged");
    }
  });
  const report: LargeReport = { timing, peakRssMib: peakRssMib() };
  await registry.close();
  console.log(JSON.stringify(report));
  process.exit(0);
}

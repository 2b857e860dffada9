// Operations on all names of a large registry, on a disk and in a bucket on MinIO: their time, and
// the memory of their process.
import fs from "node:fs";
import { join } from "node:path";
import { createLocalBackend } from "../../../backends/local.ts";
import type { Backend } from "../../../core/backend.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { openRegistry } from "../../../mod.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import type { VersionRecord } from "../../../core/record.ts";
import { recordKey, versionCell } from "../../../registry/format/layout.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import { runDeno } from "../../support/run_deno.ts";
import { startServer } from "../../support/servers/mod.ts";
import { openServerStore, placeOf } from "../../support/servers/server_store.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";

const PROGRAM = "tests/bench/many/night_process.ts";

/** Operations of the process, in this order: each night finds what the one before left. */
const OPERATIONS = [
  ["page", "the first 500 names: the first page of the explorer"],
  ["names", "all names"],
  ["log", "`log --all --limit 50`"],
  ["gc", "`gc`, the first night"],
  ["gc", "`gc`, a night after no change"],
  ["prune", "`prune --rules`, nothing to delete"],
  ["du", "`du`, the first run"],
  ["du", "`du` after no change"],
  ["mirror", "`mirror`, the first run"],
  ["mirror", "`mirror`, the second run"],
  ["mirror", "`mirror`, a run that finds no change"],
] as const;

/** Output of the process. */
export interface NightReport {
  time: Timing;
  peakRssMib: number;
}

/** Creates a registry of so many names, each with one version of a small value. */
export async function createNightsGroup(
  { folder, operations, quick }: BenchSettings,
  where: "disk" | "MinIO",
): Promise<Group> {
  const names = quick ? 200 : operations;
  const measuresOf = (from: string, to: string) =>
    OPERATIONS.map(([operation, title]) => measure(title, [operation, from, to]));
  if (where === "disk") {
    const path = join(folder, "from");
    fs.mkdirSync(path);
    await fill(createLocalBackend({ path, durability: "os" }), names);
    const measures = measuresOf(path, join(folder, "to"));
    return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const server = await startServer("minio");
  const place = JSON.stringify(placeOf(server));
  await fill(await openServerStore(placeOf(server), { prefix: "from" }), names);
  return {
    measures: measuresOf(`${place}from`, `${place}to`),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Saves a version, and writes its record again for each other name. */
async function fill(store: Backend, count: number): Promise<void> {
  const registry = await openRegistry(store, { cache: false });
  const keyOf = (name: string) => recordKey(versionCell(name, parseVersion("1.0.0"), true), 1);
  await registry.save("example", { seed: 0 }, { version: "1.0.0" });
  const key = keyOf("example");
  const { record, inline } = decodeRecord(await (await store.get(key))!.bytes(), key);
  const numbers = Array.from({ length: count - 1 }, (_, n) => n);
  await forEachAtOnce(numbers, async (n) => {
    const name = `data:${String(n).padStart(7, "0")}`;
    const next = { ...record as VersionRecord, name, commit: crypto.randomUUID() };
    await store.put(keyOf(name), encodeRecord(next, [inline]));
  }, { concurrency: 64 });
}

function measure(name: string, args: string[]): Measure {
  let report: NightReport;
  return {
    name,
    count: 1,
    unit: "op",
    async run() {
      const { code, stdout, stderr } = await runDeno(PROGRAM, args, { permissions: ["-A"] });
      if (code !== 0) throw new Error(`Cannot measure ${name}: exit code ${code}\n${stderr}`);
      report = JSON.parse(stdout);
      return report.time;
    },
    facts: () => ({ "peak RSS MiB": report.peakRssMib }),
  };
}

// Saves and loads so many arrays of 16 MiB with two workers, and says how much memory that took.
// Arguments: how many, and a folder to work in.
import fs from "node:fs";
import process from "node:process";
import { openRegistry } from "../../../mod.ts";
import { createBatch } from "../../../workers/mod.ts";
import { timed, type Timing } from "../measure.ts";

export const BUDGET_MIB = 128;

export interface MemoryReport {
  time: Timing;
  /** Most memory ever resident, MiB. */
  peakRssMib: number;
}

export function peakRssMib(): number {
  const [, kib] = /^VmHWM:\s*(\d+) kB/m.exec(fs.readFileSync("/proc/self/status", "utf8"))!;
  return Math.round(Number(kib) / 1024);
}

if (import.meta.main) {
  const [count, folder] = process.argv.slice(2);
  const registry = await openRegistry(folder, { durability: "os" });
  const names = Array.from({ length: Number(count) }, (_, i) => `name-${i}`);
  const time = await timed(async () => {
    const options = {
      workers: 2,
      concurrency: 4,
      offload: "always",
      memoryBudgetBytes: BUDGET_MIB * 2 ** 20,
    } as const;
    await using batch = createBatch(registry, options);
    const entries = function* () {
      for (const name of names) {
        yield { name, value: new Float32Array(4 * 2 ** 20).fill(Math.random()) };
      }
    };
    for await (const outcome of batch.saveEach(entries())) if (!outcome.ok) throw outcome.error;
    for await (const outcome of batch.loadEach(names)) if (!outcome.ok) throw outcome.error;
  });
  const report: MemoryReport = { time, peakRssMib: peakRssMib() };
  await registry[Symbol.asyncDispose]();
  fs.rmSync(folder, { recursive: true });
  console.log(JSON.stringify(report));
}

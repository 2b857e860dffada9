// The search index of a registry whose records are generated: the first reading, the next process,
// and searches, each process with a heap of 256 MiB.
import { join } from "node:path";
import { denoSucceeds } from "../../support/run_deno.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";
import { QUERIES, type SearchReport } from "./search_process.ts";

const PROGRAM = "tests/bench/search/search_process.ts";
const VERSIONS_OF_A_NAME = 10;

export function createSearchGroup({ folder, quick, n }: BenchSettings): Promise<Group> {
  const sizes = n !== undefined ? [n] : quick ? [1_000] : [100_000, 1_000_000];
  const measures = sizes.flatMap((size) => {
    const what = `${size.toLocaleString("en")} versions`;
    const reports: Partial<Record<"first" | "next", SearchReport>> = {};
    const run = async (process: "first" | "next"): Promise<SearchReport> => {
      const index = join(folder, `search-${size}`);
      const args = [String(size / VERSIONS_OF_A_NAME), String(VERSIONS_OF_A_NAME), index];
      const heap = "--v8-flags=--max-old-space-size=256";
      const { stdout } = await denoSucceeds(["run", "-A", "--no-check", heap, PROGRAM, ...args]);
      return reports[process] = JSON.parse(stdout);
    };
    const row = (name: string, timeOf: (report: SearchReport) => Timing): Measure => ({
      ...{ name: `${name}, ${what}`, count: 1, unit: "op" },
      run: () => timeOf(reports.next!),
      columns: () => ({ "processor time": processorTime(timeOf(reports.next!)) }),
    });
    const process = (name: string, which: "first" | "next"): Measure => ({
      ...{ name: `${name}, ${what}`, count: 1, unit: "op" },
      run: async () => (await run(which)).read,
      columns: () => columnsOf(reports[which]!),
    });
    return [
      process("the first process reads", "first"),
      process("the next process begins", "next"),
      ...Object.values(QUERIES).map((query) =>
        row(`\`${query}\``, ({ queries }) => queries[query]!.time)
      ),
      row("a search after a save", ({ afterSave }) => afterSave),
    ];
  });
  return Promise.resolve({ measures, [Symbol.asyncDispose]: () => Promise.resolve() });
}

function processorTime({ cpuMs }: Timing): string {
  return cpuMs < 1000 ? `${Math.round(cpuMs)} ms` : `${(cpuMs / 1000).toPrecision(3)} s`;
}

function columnsOf({ read, requests, peakRssMib }: SearchReport): Record<string, string> {
  const counts = Object.entries(requests).filter(([method]) =>
    method === "list" || method === "get"
  );
  return {
    "processor time": processorTime(read),
    requests: counts.map(([method, count]) => `${count.toLocaleString("en")} ${method}s`).join(
      ", ",
    ),
    "peak RSS": `${peakRssMib} MiB`,
  };
}

// `prune --rules --dry-run` of many versions, beside reading the same records, and the memory of both.
import fs from "node:fs";
import { dirname, join } from "node:path";
import { keyLayout } from "../../../backends/local/layout.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import { openRegistry } from "../../../mod.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import { recordKey, versionCell } from "../../../registry/format/layout.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import type { Registry } from "../../../core/registry.ts";
import { runDeno } from "../../support/run_deno.ts";
import type { BenchSettings, Group, Measure, Timing } from "../measure.ts";

const PROGRAM = "tests/bench/many/rules_process.ts";
const VERSIONS_OF_A_NAME = 100;

/** Output of the process. */
export interface RulesReport {
  time: Timing;
  /** Versions that the rules would delete, or records that were read. */
  found: number;
  peakRssMib: number;
}

/** The versions of more and more names, and of one name that has many. */
export async function createRulesGroup({ folder, quick }: BenchSettings): Promise<Group> {
  const counts = quick ? [1_000, 10_000] : [10_000, 100_000, 1_000_000];
  const most = counts.at(-1)!;
  const root = join(folder, "registry");
  await using registry = await openRegistry(root, { durability: "os" });
  await changeRules(registry, { set: { pattern: "**", keepLast: 30 } });
  const nameOf = (i: number) => `runs:${String(i).padStart(5, "0")}`;
  for (let i = 0; i < most / VERSIONS_OF_A_NAME; i++) {
    await fill(registry, root, nameOf(i), VERSIONS_OF_A_NAME);
  }
  await fill(registry, root, "one", most / 10);
  const measures = counts.flatMap((count) => {
    const names = count / VERSIONS_OF_A_NAME;
    const what = `${count.toLocaleString("en")} versions of ${names.toLocaleString("en")} names`;
    const floor = `read and check the records of ${what}`;
    return [
      measure(floor, ["raw", root, "runs", String(names)], count),
      { ...measure(`plan for ${what}`, ["plan", root, "runs", String(names)], count), floor },
    ];
  });
  const one = `plan for ${(most / 10).toLocaleString("en")} versions of one name`;
  measures.push(measure(one, ["plan", root, "one", "1"], most / 10));
  return { measures, [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Saves a version, and writes its record again for each further one: as fast as the disk. */
async function fill(
  registry: Registry,
  root: string,
  name: string,
  count: number,
): Promise<void> {
  await registry.save(name, { seed: 0 }, { version: "0.0.0" });
  const pathOf = (version: string) => {
    const cell = versionCell(name, parseVersion(version), true);
    return join(root, keyLayout("folded").pathOf(recordKey(cell, 1))!);
  };
  const { record: first, inline } = decodeRecord(fs.readFileSync(pathOf("0.0.0")), name);
  for (let i = 1; i < count; i++) {
    const path = pathOf(`0.0.${i}`);
    const next = { ...first, version: `0.0.${i}`, commit: crypto.randomUUID() } as typeof first;
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, encodeRecord(next, [inline]));
  }
}

function measure(name: string, args: string[], count: number): Measure {
  let report: RulesReport;
  return {
    name,
    count,
    unit: "op",
    async run() {
      const { code, stdout, stderr } = await runDeno(PROGRAM, args, { permissions: ["-A"] });
      if (code !== 0) throw new Error(`Cannot measure: the plan ended with ${code}\n${stderr}`);
      report = JSON.parse(stdout);
      return report.time;
    },
    facts() {
      const { found, peakRssMib } = report;
      const planned = args[0] === "plan" && { "to delete": found.toLocaleString("en") };
      return { ...planned, "peak RSS MiB": peakRssMib };
    },
  };
}

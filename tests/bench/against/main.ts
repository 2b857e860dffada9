// `deno run -A tests/bench/against/main.ts COMMIT [--rounds 7] [options of the benchmarks]`: runs the
// benchmarks of another commit and of this tree in turn, so that both share the noise of a machine.
// By default `--only small,nightly,service --quick`. Each program has its own benchmarks: compare
// only measures that have not changed in between.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { REPOSITORY } from "../../support/run_deno.ts";
import { median } from "../measure.ts";
import type { Row } from "../report.ts";

type Figure = "medianMs" | "bestMs" | "cpuMs";
type Rows = Map<string, Row[]>;

/** Runs the benchmarks of a folder once, and adds their rows. */
function measure(folder: string, options: readonly string[], rows: Rows): void {
  const args = ["run", "-A", "tests/bench/mod.ts", "--json", ...options];
  const output = execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  for (const line of output.split("\n").filter((line) => line.startsWith("{"))) {
    const row: Row = JSON.parse(line);
    if (row.group === "machine") continue;
    const name = `${row.group}: ${row.name}`;
    rows.set(name, [...rows.get(name) ?? [], row]);
  }
}

function figures(rows: readonly Row[], figure: Figure): number[] {
  return rows.map((row) => row[figure]).sort((a, b) => a - b);
}

function least(values: readonly number[]): number {
  return Math.min(...values);
}

/** Returns one line: medians with the range of all rounds, and ratios of this tree to the other. */
function compared(name: string, [before, after]: readonly [Row[], Row[]]): string {
  const shown = (rows: Row[]) => {
    const all = figures(rows, "medianMs");
    const digits = median(all) < 1 ? 4 : 2;
    return `${median(all).toFixed(digits)} (${all[0]?.toFixed(digits)}–${
      all.at(-1)?.toFixed(digits)
    })`;
  };
  const ratio = (figure: Figure, pick: (values: number[]) => number) =>
    (pick(figures(after, figure)) / pick(figures(before, figure))).toFixed(2);
  const ratios = [ratio("medianMs", median), ratio("bestMs", least), ratio("cpuMs", median)];
  return `| ${[name, shown(before), shown(after), ...ratios].join(" | ")} |`;
}

function main([commit = "", ...options]: string[]): void {
  const at = options.indexOf("--rounds");
  const [, given = "7"] = at < 0 ? [] : options.splice(at, 2);
  if (!/^\w/.test(commit) || !(Number(given) >= 1)) {
    throw new Error("Cannot compare: pass a commit, and --rounds with a positive number");
  }
  if (options.length === 0) options.push("--only", "small,nightly,service", "--quick");
  const folder = fs.mkdtempSync(join(tmpdir(), "against-"));
  const git = (...args: string[]) => execFileSync("git", args, { cwd: REPOSITORY });
  const sides: [string, Rows][] = [[folder, new Map()], [REPOSITORY, new Map()]];
  process.on("SIGINT", () => {}); // Ctrl-C ends the benchmarks, and then the folder is removed
  try {
    git("worktree", "add", "--quiet", "--detach", folder, commit);
    for (let round = 0; round < Number(given); round++) {
      const turn = round % 2 === 0 ? sides : sides.toReversed(); // no side is always the first
      for (const [where, rows] of turn) measure(where, options, rows);
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
    git("worktree", "prune");
  }
  const [[, before], [, after]] = sides as [[string, Rows], [string, Rows]];
  console.log(`| ms a unit, ${given} rounds | ${commit} | this tree | median | best | processor |`);
  console.log("| --- | --- | --- | --- | --- | --- |");
  for (const [name, rows] of after) {
    const others = before.get(name);
    if (others !== undefined) console.log(compared(name, [others, rows]));
  }
}

main(process.argv.slice(2));

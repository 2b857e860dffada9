// How a run ended, told.
import type { RunResult } from "../../../operators/runner/mod.ts";
import type { CommandContext } from "../program/command.ts";
import { printable } from "../terminal/table.ts";
import { countedEnds } from "../../server/schemas/known_of_runs.ts";
import { formatMs } from "./run_view.ts";

const MOST_FAILURES = 20;

/** Prints the result of a run: with `--json` as its last line. */
export async function reportRun(result: RunResult, context: CommandContext): Promise<void> {
  const { shared: { json, quiet } } = context;
  if (json || quiet) return await context.result(result, result.run);
  await context.io.stdout.write(
    `${[headline(result), ...failuresOf(result)].map(printable).join("\n")}\n`,
  );
}

/** `training@3 failed in 12s: 2 ran, 1 skipped, 1 failed` */
export function headline(result: RunResult): string {
  const counts = Object.entries(countedEnds(result)).map(([end, count]) => `${count} ${end}`);
  return `${result.run} ${result.end} in ${formatMs(result.durationMs)}: ${
    counts.join(", ") || "no steps"
  }`;
}

function failuresOf({ run, steps }: RunResult): string[] {
  const failed = Object.entries(steps).filter(([, { end }]) => end === "failed");
  const lines = failed.slice(0, MOST_FAILURES).flatMap(
    ([step, { exit, exitCode, attempts = 1, reason = "", hint, record }]) => {
      const tries = attempts > 1 ? `, ${attempts} attempts` : "";
      return [
        `${step} failed with ${exitCode} (${exit}${tries}): ${reason.replaceAll("\n", " ")}`,
        ...hint === undefined ? [] : [`  hint: ${hint}`],
        ...record === undefined ? [] : [`  log: holdfast pipeline logs ${run} ${step}`],
      ];
    },
  );
  if (failed.length > MOST_FAILURES) {
    lines.push(`… and ${failed.length - MOST_FAILURES} more: holdfast pipeline status ${run}`);
  }
  return lines;
}

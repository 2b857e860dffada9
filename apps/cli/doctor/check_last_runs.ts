// The check that maintenance, which this machine runs, still succeeds.
import type { CliIo } from "../terminal/cli_io.ts";
import { formatTime } from "../terminal/units.ts";
import { readLastRuns } from "../services/last_runs.ts";
import { type Check, ok, trouble } from "./check_machine.ts";

const DAY_MS = 24 * 3_600_000;
/** A full `verify` may run once a month. */
const OVERDUE_MS = { verify: 40 * DAY_MS };

/** Checks when `gc` and others last succeeded here; none if they never did. */
export async function checkLastRuns(
  registry: string,
  { system }: Pick<CliIo, "system">,
): Promise<Check[]> {
  const runs = Object.entries(await readLastRuns(registry, system));
  if (runs.length === 0) return [];
  const what = "maintenance";
  const texts = runs.map(([command, at]) => `${command} ${formatTime(new Date(at))}`);
  const state = `last succeeded on this machine: ${texts.join(", ")}`;
  const overdue = runs.flatMap(([command, at]) => {
    const { [command]: limitMs = 7 * DAY_MS } = OVERDUE_MS as Record<string, number>;
    return system.now() - at > limitMs ? [command] : [];
  });
  if (overdue.length === 0) return [ok(what, state)];
  const advice = `Check the timer, or the log of its unit: ${overdue.join(", ")}.`;
  return [trouble(what, "warn", state, advice)];
}

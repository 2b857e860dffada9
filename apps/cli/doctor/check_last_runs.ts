// The check that maintenance, which this machine runs, still succeeds.
import type { CliIo } from "../terminal/cli_io.ts";
import { formatTime } from "../terminal/units.ts";
import { commandsOf, type Maintained } from "../program/maintained.ts";
import { readLastRuns, stateProblem } from "../services/last_runs.ts";
import { type Check, ok, trouble } from "./check_machine.ts";

const DAY_MS = 24 * 3_600_000;
/** The age of a last success that is too old, unless its maintenance is rarer. */
const OVERDUE_MS = 7 * DAY_MS;

/** Checks when `gc` and others last succeeded here; none without HOLDFAST_STATE. */
export async function checkLastRuns(
  registry: string,
  maintained: readonly Maintained[],
  { system }: Pick<CliIo, "system">,
): Promise<Check[]> {
  const what = "maintenance";
  const problem = stateProblem(system);
  if (problem !== undefined) {
    const advice = "Set the same absolute path for maintenance and for the service.";
    return [trouble(what, "warn", problem, advice)];
  }
  const runs = Object.entries(await readLastRuns(registry, maintained, system));
  if (runs.length === 0) {
    const state = system.env("HOLDFAST_STATE");
    const begin = `Start the timers of ${commandsOf(maintained)}, with the same HOLDFAST_STATE.`;
    return state ? [trouble(what, "warn", `no run has succeeded with ${state}`, begin)] : [];
  }
  const texts = runs.map(([command, at]) => `${command} ${formatTime(new Date(at))}`);
  const state = `last succeeded on this machine: ${texts.join(", ")}`;
  const overdue = runs.flatMap(([command, at]) => {
    const known = maintained.find((each) => each.command === command);
    return system.now() - at > (known?.overdueMs ?? OVERDUE_MS) ? [command] : [];
  });
  if (overdue.length === 0) return [ok(what, state)];
  const advice = `Check the timer, or the log of its unit: ${overdue.join(", ")}.`;
  return [trouble(what, "warn", state, advice)];
}

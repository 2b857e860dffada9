// Passes rounds to an attacked program and reports what the registry acknowledged.
import process from "node:process";
import { createInterface } from "node:readline";
import { isRegistryError } from "../../../../core/errors.ts";

/** Plays rounds, line by line. `play` reports each answer at once: the process may be killed. */
export async function playRounds<T extends { round: number }>(
  play: (attack: T, report: (event: object) => void) => Promise<void>,
): Promise<void> {
  console.log(JSON.stringify({ event: "ready" }));
  for await (const line of createInterface({ input: process.stdin })) {
    const attack = JSON.parse(line) as T;
    const report = (event: object) =>
      console.log(JSON.stringify({ round: attack.round, ...event }));
    await play(attack, report);
    report({ event: "over" });
  }
}

/** Runs an operation and reports its result, or unexpected errors. Returns true on success. */
export async function attempt<T>(
  report: (event: object) => void,
  event: object,
  operation: () => Promise<T>,
): Promise<T | undefined> {
  try {
    const result = await operation();
    report({ ...event, result });
    return result;
  } catch (error) {
    if (!isRegistryError(error, "Conflict", "NotFound", "Unavailable", "Unknown", "Invalid")) {
      report({ event: "failed", error: String((error as Error).stack) });
    }
  }
}

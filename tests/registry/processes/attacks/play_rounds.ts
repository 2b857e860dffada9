// How a program that is attacked learns of its rounds, and reports what the registry acknowledged.
import process from "node:process";
import { createInterface } from "node:readline";
import { isRegistryError } from "../../../../core/errors.ts";

/** Plays the rounds that come line by line. `play` reports each answer at once: the process may be killed at any time. */
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

/** Runs one operation. Reports what it returned, and errors that have no reason. Returns whether it succeeded. */
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

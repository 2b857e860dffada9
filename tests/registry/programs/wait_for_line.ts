// How a program is told to begin.
import process from "node:process";
import { createInterface } from "node:readline";

/** Resolves when a line arrives, or the end of the input. */
export function waitForLine(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  return new Promise((resolve) => {
    lines.once("line", () => lines.close());
    lines.once("close", resolve);
  });
}

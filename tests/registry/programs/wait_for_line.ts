// The start signal of programs.
import process from "node:process";
import { createInterface } from "node:readline";

/** Resolves at a line, or at the end of the input. */
export function waitForLine(): Promise<void> {
  const lines = createInterface({ input: process.stdin });
  return new Promise((resolve) => {
    lines.once("line", () => lines.close());
    lines.once("close", resolve);
  });
}

// Checks histories with the checker, a program in Go around porcupine.
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";

export interface Verdict {
  history: string;
  model: string;
  operations: number;
  verdict: "ok" | "illegal" | "timeout";
  ms: number;
  left?: string[];
}

/**
 * Checks histories.
 *
 * @param checker the program
 * @param lines any number of histories
 */
export async function checkHistories(
  checker: string,
  lines: readonly string[],
  timeoutS = 30,
): Promise<Verdict[]> {
  const child = spawn(checker, ["--timeout", `${timeoutS}s`], { stdio: ["pipe", "pipe", "pipe"] });
  const output: Buffer[] = [], errors: Buffer[] = [];
  child.stdout.on("data", (bytes) => output.push(bytes));
  child.stderr.on("data", (bytes) => errors.push(bytes));
  child.stdin.on("error", () => {}); // its exit code tells
  child.stdin.end(lines.join("\n"));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) {
    throw new Error(`Cannot check histories: the checker failed\n${Buffer.concat(errors)}`);
  }
  return Buffer.concat(output).toString().split("\n").filter(Boolean).map((line) =>
    JSON.parse(line)
  );
}

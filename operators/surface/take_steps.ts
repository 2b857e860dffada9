// The steps that a process of `local:` or of a worker receives, see
// `operators/engines/step_processes.ts`.
import { isRegistryError, messageOf } from "../../core/kernel.ts";
import { DELIVER_AGAIN } from "../contract/engine.ts";
import type { JobHandler, TakenJob } from "../../extensions/queues/mod.ts";

interface Ended {
  exitCode?: number;
  reason?: string;
}

/** The streams of a persistent process. */
interface TakeStepsOptions {
  stdin: AsyncIterable<Uint8Array>;
  stdout: { write(text: string): Promise<void> };
  stderr: { write(text: string): Promise<void> };
  signal: AbortSignal;
}

/** Longest reason in an answer, characters. Longer lines are truncated, and JSON may escape each. */
const MOST_REASON = 2_000;

/**
 * Executes the steps that a persistent process receives, until its input ends. Output without a
 * line break is ended before the answer.
 */
export async function takeSteps(
  handler: JobHandler,
  { stdin, stdout, stderr, signal }: TakeStepsOptions,
): Promise<void> {
  for await (const line of linesOf(stdin)) {
    const { token, job } = JSON.parse(line) as { token: string; job: TakenJob };
    const end = await executeTaken(handler, job, signal);
    await stderr.write(`\n${token}\n`);
    await stdout.write(`\n${token}${JSON.stringify(end)}\n`);
  }
}

async function executeTaken(
  handler: JobHandler,
  job: TakenJob,
  signal: AbortSignal,
): Promise<Ended> {
  try {
    const { exitCode, reason } = await handler(job, { signal, onProgress() {} }) as Ended;
    return { exitCode, reason: reason?.slice(0, MOST_REASON) };
  } catch (error) {
    signal.throwIfAborted();
    const exitCode = isRegistryError(error, "Unavailable", "Unknown") ? DELIVER_AGAIN : 1;
    return { exitCode, reason: messageOf(error).slice(0, MOST_REASON) };
  }
}

async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of input) {
    const lines = (text + decoder.decode(piece, { stream: true })).split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}

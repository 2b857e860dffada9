// The program of a commit in a process of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { messageOf } from "../../../core/errors.ts";
import type { Calls } from "./program.ts";
import { LOADS_LATE } from "../../support/run_deno.ts";

const PROGRAM = fileURLToPath(new URL("./program.ts", import.meta.url));

/** A call that failed in the other process. */
export class CallError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export class RunningProgram {
  readonly #child: ChildProcess;
  readonly #waiting: ((answer: Answer) => void)[] = [];

  constructor(child: ChildProcess) {
    this.#child = child;
    const lines = createInterface({ input: child.stdout! });
    lines.on("line", (line) => this.#waiting.shift()?.(JSON.parse(line)));
    child.on("exit", (code) => {
      const message = `the program ended with code ${code}`;
      for (const answer of this.#waiting.splice(0)) answer({ code: "Ended", message });
    });
  }

  /** Calls a function there. Throws a {@linkcode CallError}. */
  async call<N extends keyof Calls>(
    name: N,
    ...args: Parameters<Calls[N]>
  ): Promise<Awaited<ReturnType<Calls[N]>>> {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.push(resolve);
    this.#child.stdin!.write(`${JSON.stringify([name, ...args])}\n`);
    const { code, message = "", value } = await promise;
    if (code !== undefined) throw new CallError(code, `${name} ${messageOf(args)}: ${message}`);
    return value as Awaited<ReturnType<Calls[N]>>;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.stdin!.end();
    await ended;
  }
}

interface Answer {
  value?: unknown;
  code?: string;
  message?: string;
}

/** Starts the program whose source is in a folder. */
export function startProgram(source: URL): RunningProgram {
  const config = fileURLToPath(new URL("deno.json", source));
  const args = ["run", "-A", LOADS_LATE, "--quiet", "--no-lock", "--config", config];
  const stdio = ["pipe", "pipe", "inherit"] as const;
  const child = spawn(process.execPath, [...args, PROGRAM, source.href], { stdio: [...stdio] });
  return new RunningProgram(child);
}

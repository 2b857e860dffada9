// A process of a service, as the process that watches it sees it.
import { type ChildProcess, spawn } from "node:child_process";
import { NO_COUNTS, type ProcessCounts } from "./counts.ts";
import { answerCall } from "./shared_memory.ts";
import type { MemoryKind, ServiceMemory } from "../../apps/server/memory/service_memory.ts";
import { type Channel, openChannel } from "./channel.ts";
import { PROCESS_COMMAND, type StartedMessage, type StartMessage } from "./start_message.ts";

/** How the processes of a service are started. */
export interface ProcessOptions {
  /** This program. */
  command: readonly string[];
  cwd: string;
  /** The memory that all processes share. */
  memory: ServiceMemory;
  /** Facts of the gateways in it. */
  kinds: readonly MemoryKind<object>[];
  allCounts(): Promise<ProcessCounts>;
  /** Receives what it prints. */
  onText(line: string): void;
}

export class ServiceProcess {
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  readonly #options: ProcessOptions;
  /** Locks of uploads that it holds: the upload by the id of its lock. */
  readonly #locks = new Map<string, string>();
  #counts = NO_COUNTS;
  #hasEnded = false;
  /** Resolves once it has ended, to how it ended: `SIGKILL`, or `code 1`. */
  readonly ended: Promise<string>;

  constructor(options: ProcessOptions) {
    this.#options = options;
    const [program = "", ...args] = options.command;
    const child = this.#child = spawn(program, [...args, PROCESS_COMMAND], {
      cwd: options.cwd,
      stdio: ["pipe", "pipe", "inherit"],
      detached: true, // Ctrl-C of a terminal reaches only the process that watches it
    });
    const { stdin, stdout } = child;
    this.#channel = openChannel({
      input: stdout!,
      output: stdin!,
      answer: (method, args) => this.#answer(method, args),
      onText: options.onText,
    });
    this.ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message)); // it did not start
      child.once("exit", (code, signal) => resolve(signal ?? `code ${code}`));
    }).then(async (end) => {
      this.#hasEnded = true;
      stdin!.destroy();
      for (const [lock, upload] of this.#locks) await options.memory.locks.give(upload, lock);
      return end;
    });
  }

  /** Its counts when it was last asked. */
  get counts(): ProcessCounts {
    return this.#counts;
  }

  /** Starts to serve. Rejects with the error of the process. */
  async start(message: StartMessage): Promise<StartedMessage> {
    return await this.#channel.call("start", [message]) as StartedMessage;
  }

  /** Accepts no more requests, and ends when the running ones have. Returns how many were cut. */
  async stop(): Promise<number> {
    return await this.#channel.call("stop").catch(() => 0) as number;
  }

  async reloadCertificate(): Promise<void> {
    await this.#channel.call("reload");
  }

  /** Asks for its counts. Without an answer they stay those of the last time. */
  async askCounts(): Promise<void> {
    const counts = await this.#channel.call("counts").catch(() => undefined);
    if (counts !== undefined) this.#counts = counts as ProcessCounts;
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  async #answer(method: string, args: readonly unknown[]): Promise<unknown> {
    const { memory, kinds, allCounts } = this.#options;
    if (method === "counts.all") return await allCounts();
    if (method === "counts.last") return void (this.#counts = args[0] as ProcessCounts);
    const result = await answerCall(memory, [method, args], kinds);
    if (method === "locks.give") this.#locks.delete(String(args[1]));
    if (method !== "locks.take") return result;
    const upload = String(args[0]), lock = String(result);
    if (this.#hasEnded) await memory.locks.give(upload, lock);
    else this.#locks.set(lock, upload);
    return result;
  }
}

// The processes of a service: started, counted together, replaced when they end, and stopped.
import type { System } from "../../mod.ts";
import { messageOf, taskFailed, withDeadline } from "../../core/kernel.ts";
import { addCounts, countsOfEnded, NO_COUNTS, type ProcessCounts } from "./counts.ts";
import { ChannelEnded } from "./channel.ts";
import { type ProcessOptions, ServiceProcess } from "./service_process.ts";
import type { StartedMessage, StartMessage } from "./start_message.ts";

interface GroupOptions extends Omit<ProcessOptions, "allCounts"> {
  system: Pick<System, "sleep" | "monotonic">;
  message: Omit<StartMessage, "isFirst">;
  note(text: string): Promise<void>;
}

/** The wait before a process is replaced that did not live long, milliseconds. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 30_000;
/** A process that served this long is replaced at once. */
const LONG_MS = 10_000;
/** How long `/metrics` waits for a busy process. */
const COUNT_WITHIN_MS = 2000;

export class ProcessGroup {
  readonly #options: GroupOptions;
  readonly #running = new Set<ServiceProcess>();
  readonly #stopping = new AbortController();
  #ended = NO_COUNTS;

  constructor(options: GroupOptions) {
    this.#options = options;
  }

  /**
   * Starts a process. Rejects with its error.
   *
   * @param index 0 for the first one, which does what must not be done twice
   */
  async start(index: number): Promise<{ process: ServiceProcess; started: StartedMessage }> {
    const { command, cwd, memory, kinds, message, onText } = this.#options;
    const allCounts = () => this.counts();
    const process = new ServiceProcess({ command, cwd, memory, kinds, allCounts, onText });
    this.#running.add(process);
    void process.ended.then(() => {
      this.#running.delete(process);
      this.#ended = addCounts([this.#ended, countsOfEnded(process.counts)]);
    });
    try {
      const started = await process.start({ ...message, isFirst: index === 0 });
      return { process, started };
    } catch (error) {
      const end = await process.ended;
      if (!(error instanceof ChannelEnded)) throw error;
      throw taskFailed("start a process of the service", undefined, `it ended (${end})`);
    }
  }

  /**
   * Replaces a process each time it ends, until the group is stopped. Rejects if no process is left,
   * and another one cannot start.
   */
  async keep(index: number, process: ServiceProcess): Promise<void> {
    const { system, note } = this.#options;
    let current = process;
    let waitMs = FIRST_WAIT_MS;
    for (;;) {
      const startedAt = system.monotonic();
      const end = await current.ended;
      if (this.#stopping.signal.aborted) return;
      const lived = system.monotonic() - startedAt;
      waitMs = lived >= LONG_MS ? FIRST_WAIT_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS);
      await note(`A process of the service ended (${end}). Starting another one`);
      const next = await this.#replace(index, waitMs);
      if (next === undefined) return;
      current = next;
    }
  }

  async #replace(index: number, firstWaitMs: number): Promise<ServiceProcess | undefined> {
    const { system, note } = this.#options;
    const { signal } = this.#stopping;
    for (let waitMs = firstWaitMs;; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
      await system.sleep(waitMs, signal).catch(() => {}); // the next line checks the signal
      if (signal.aborted) return undefined;
      try {
        return (await this.start(index)).process;
      } catch (error) {
        if (signal.aborted) return undefined;
        if (this.#running.size === 0) throw error;
        await note(`Cannot start another process of the service: ${messageOf(error)}`);
      }
    }
  }

  /** Returns the counts of all processes, also of those that have ended. */
  async counts(): Promise<ProcessCounts> {
    const asked = Promise.all([...this.#running].map((process) => process.askCounts()));
    await withDeadline(asked, { timeoutMs: COUNT_WITHIN_MS }).catch(() => {});
    return addCounts([this.#ended, ...[...this.#running].map(({ counts }) => counts)]);
  }

  /** Reads the certificate again in all processes. Rejects if one of them keeps the old one. */
  async reloadCertificate(): Promise<void> {
    await Promise.all([...this.#running].map((process) => process.reloadCertificate()));
  }

  /** Stops all processes, and returns the number of requests that were cut. */
  async stop(): Promise<number> {
    this.#stopping.abort();
    const running = [...this.#running];
    const cuts = await Promise.all(running.map((process) => process.stop()));
    await Promise.all(running.map(({ ended }) => ended));
    return cuts.reduce((sum, cut) => sum + cut, 0);
  }

  kill(): void {
    this.#stopping.abort();
    for (const process of this.#running) process.kill();
  }
}

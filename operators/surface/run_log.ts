// The log file of a run.
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Pipeline, RunEvent } from "../runner/mod.ts";
import type { System } from "../../mod.ts";

/** The levels. Output of programs counts as `info`. */
const RANKS: Readonly<Record<(RunEvent & { type: "log" })["level"], number>> = {
  debug: 0,
  info: 1,
  stdout: 1,
  stderr: 1,
  warn: 2,
  error: 3,
};

export class RunLog {
  #config: Pipeline["log"];
  #at: { folder: string; system: System; verbose?: boolean };
  #file: number | undefined;
  /** Lines of this turn of the event loop, which are written together. */
  #pending = "";
  #failure: unknown;

  /** @param at `folder`: the base of a relative path */
  constructor(config: Pipeline["log"], at: { folder: string; system: System; verbose?: boolean }) {
    this.#config = config;
    this.#at = at;
  }

  /** Returns true for an event to show, and writes a line of a log to the file. */
  accept(event: RunEvent): boolean {
    if (event.type !== "log") return true;
    const { level, file: path } = this.#config;
    const { folder, system, verbose } = this.#at;
    if (!verbose && RANKS[event.level] < RANKS[level]) return false;
    if (path === undefined) return true;
    const { step, shard, line } = event;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    const name = shard === undefined ? step : `${step} ${shard.index}/${shard.count}`;
    const file = resolve(folder, path);
    if (this.#file === undefined) {
      mkdirSync(dirname(file), { recursive: true });
      this.#file = openSync(file, "a");
    }
    const at = new Date(system.now()).toISOString();
    if (this.#pending === "") {
      queueMicrotask(() => {
        try {
          this.#flush();
        } catch (error) {
          this.#failure = error; // of the next line, or of the end
        }
      });
    }
    this.#pending += `${at} ${name} ${event.level} ${line}\n`;
    return true;
  }

  close(): void {
    try {
      this.#flush();
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      if (this.#file !== undefined) closeSync(this.#file);
      this.#file = undefined;
    }
  }

  #flush(): void {
    const lines = this.#pending;
    this.#pending = "";
    if (lines !== "") writeFileSync(this.#file!, lines);
  }
}

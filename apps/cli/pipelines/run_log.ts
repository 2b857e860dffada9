// The lines of a run that its configuration asks for, and the file that gets them.
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Pipeline, RunEvent } from "../../../operators/runner/mod.ts";
import type { System } from "../../../mod.ts";

/** What a program writes counts as `info`: what it means by it is not known. */
const RANKS: Readonly<Record<string, number>> = {
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

  /** @param at its folder is where a relative path begins */
  constructor(config: Pipeline["log"], at: { folder: string; system: System; verbose?: boolean }) {
    this.#config = config;
    this.#at = at;
  }

  takes(event: RunEvent): boolean {
    if (event.type !== "log") return true;
    const { level, file: path } = this.#config;
    const { folder, system, verbose } = this.#at;
    if (!verbose && RANKS[event.level] < RANKS[level]) return false;
    if (path === undefined) return true;
    const { step, shard, line } = event;
    const name = shard === undefined ? step : `${step} ${shard.index}/${shard.count}`;
    this.#file ??= open(resolve(folder, path));
    const at = new Date(system.now()).toISOString();
    writeSync(this.#file, `${at} ${name} ${event.level} ${line}\n`);
    return true;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

function open(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, "a");
}

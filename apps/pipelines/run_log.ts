// The lines of a run that its configuration asks for, and the file that gets them.
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Pipeline, RunEvent } from "../../operators/runner/mod.ts";
import type { System } from "../../mod.ts";

export interface RunLog {
  takes(event: RunEvent): boolean;
  close(): void;
}

/** Options of {@linkcode createRunLog}. */
export interface RunLogOptions {
  /** What a relative path begins at. */
  folder: string;
  system: System;
  verbose?: boolean;
}

/** What a program writes counts as `info`: what it means by it is not known. */
const RANKS: Readonly<Record<string, number>> = {
  debug: 0,
  info: 1,
  stdout: 1,
  stderr: 1,
  warn: 2,
  error: 3,
};

export function createRunLog(
  config: Pipeline["log"],
  { folder, system, verbose = false }: RunLogOptions,
): RunLog {
  const { level, file: path } = config;
  let file: number | undefined;
  return {
    takes(event) {
      if (event.type !== "log") return true;
      if (!verbose && RANKS[event.level] < RANKS[level]) return false;
      if (path !== undefined) {
        const { shard } = event;
        file ??= open(resolve(folder, path));
        writeSync(
          file,
          `${new Date(system.now()).toISOString()} ${event.step}${
            shard === undefined ? "" : ` ${shard.index}/${shard.count}`
          } ${event.level} ${event.line}\n`,
        );
      }
      return true;
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

function open(path: string): number {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, "a");
}

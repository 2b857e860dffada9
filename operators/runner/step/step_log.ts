// The log of one attempt of a step: told at once, kept in a file, and bounded.
import { closeSync, openSync, writeSync } from "node:fs";
import { format } from "node:util";
import { messageOf } from "../../../core/errors.ts";
import { DiskContent, lookAt, stateOf } from "../../../core/disk/disk_file.ts";
import type { FileSource } from "../../../core/materializer.ts";
import type { Logger } from "../../../core/registry.ts";
import type { System } from "../../../core/system.ts";
import type { LogLevel } from "../events.ts";

/** What is kept in order from the beginning, bytes. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Of what comes after that so many lines are kept, the last ones: they mostly say what went wrong. */
const LAST_LINES = 1_000;
const MAX_LINE = 64 * 1024;

export interface StepLog {
  readonly path: string;
  readonly isEmpty: boolean;
  write(level: LogLevel, text: string): void;
  readonly logger: Logger;
  source(): FileSource;
  close(): void;
}

/** Options of {@linkcode createStepLog}. */
export interface StepLogOptions {
  path: string;
  /** Masks secrets. */
  mask(text: string): string;
  onLine(level: LogLevel, line: string): void;
  system: System;
}

export function createStepLog({ path, mask, onLine, system }: StepLogOptions): StepLog {
  let file: number | undefined;
  let bytes = 0;
  let dropped = 0;
  let closed = false;
  let isBroken = false;
  const last: string[] = [];

  function keep(line: string): void {
    if (closed) return; // said after its end
    if (bytes >= MAX_BYTES || isBroken) {
      if (last.push(line) > LAST_LINES) {
        last.shift();
        dropped++;
      }
      return;
    }
    onFile(() => {
      file ??= openSync(path, "a");
      bytes += writeSync(file, line);
    });
  }

  /** A full disk ends no step because of its log: what comes last may find room when it has ended. */
  function onFile(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!isBroken) onLine("warn", `the log of this step is not whole: ${messageOf(error)}`);
      isBroken = true;
    }
  }

  function write(level: LogLevel, text: string): void {
    for (const whole of text.split("\n")) {
      const masked = mask(whole); // before it is cut: half of a secret is not known any more
      const line = masked.length > MAX_LINE
        ? `${masked.slice(0, MAX_LINE).toWellFormed()} …`
        : masked;
      keep(`${new Date(system.now()).toISOString()} ${level} ${line}\n`);
      onLine(level, line);
    }
  }

  const at = (level: LogLevel) => (...args: unknown[]) => write(level, format(...args));
  return {
    path,
    get isEmpty() {
      return file === undefined;
    },
    write,
    logger: { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
    source: () => new DiskContent({ path, state: stateOf(lookAt(path)) }),
    close() {
      if (file === undefined || closed) return;
      closed = true;
      const [end, lines] = [file, last.splice(0)];
      onFile(() => {
        if (dropped > 0) writeSync(end, `… ${dropped} lines are not kept …\n`);
        for (const line of lines) writeSync(end, line);
      });
      closeSync(end);
    },
  };
}

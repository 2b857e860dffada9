/**
 * The log of one attempt of a step: told at once, kept in a file, and bounded.
 *
 * @module
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { format } from "node:util";
import { DiskContent, lookAt, stateOf } from "../../../core/disk/disk_file.ts";
import type { FileSource } from "../../../core/materializer.ts";
import type { Logger } from "../../../core/registry.ts";
import type { System } from "../../../core/system.ts";
import type { LogLevel } from "../events.ts";

/** What is kept in order from the beginning, bytes. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Of what comes after that so many lines are kept, the last ones: they mostly say what went wrong. */
const LAST_LINES = 1_000;
/** A longer line is cut, characters. */
const MAX_LINE = 64 * 1024;

/** The log of one attempt. */
export interface StepLog {
  /** Where its file is. It is made with the first line. */
  readonly path: string;
  /** Whether there are lines. */
  readonly isEmpty: boolean;
  /** Adds a text, a line or several. */
  write(level: LogLevel, text: string): void;
  /** The same for operators. */
  readonly logger: Logger;
  /** The file, to be saved once it was closed. */
  source(): FileSource;
  /** Ends the file. */
  close(): void;
}

/** Options of {@linkcode createStepLog}. */
export interface StepLogOptions {
  /** Its file. */
  path: string;
  /** Masks secrets. */
  mask(text: string): string;
  /** Hears of each line. */
  onLine(level: LogLevel, line: string): void;
  /** Clock. */
  system: System;
}

/** Creates a log. Lines are kept with their time and level. */
export function createStepLog({ path, mask, onLine, system }: StepLogOptions): StepLog {
  let file: number | undefined;
  let bytes = 0;
  let dropped = 0;
  let closed = false;
  const last: string[] = [];

  function keep(line: string): void {
    if (closed) return; // said after its end
    if (bytes < MAX_BYTES) {
      file ??= openSync(path, "a");
      bytes += writeSync(file, line);
    } else if (last.push(line) > LAST_LINES) {
      last.shift();
      dropped++;
    }
  }

  function write(level: LogLevel, text: string): void {
    for (const whole of text.split("\n")) {
      const line = mask(whole.length > MAX_LINE ? `${whole.slice(0, MAX_LINE).toWellFormed()} …` : whole);
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
      if (dropped > 0) writeSync(file, `… ${dropped} lines are not kept …\n`);
      for (const line of last.splice(0)) writeSync(file, line);
      closeSync(file);
    },
  };
}

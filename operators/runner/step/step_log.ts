// The log of one attempt: emitted at once, saved in a file, and limited in size.
import { closeSync, openSync, writeSync } from "node:fs";
import { format } from "node:util";
import type { Logger, System } from "../../../mod.ts";
import { messageOf } from "../../../core/kernel.ts";
import { DiskContent, stateOf } from "../../../disk/disk_file.ts";
import { lookAt } from "../../../disk/disk_calls.ts";
import type { FileSource } from "../../../materializers/mod.ts";
import type { LogLevel } from "../outcomes.ts";

/** Size of the beginning that is kept, bytes. */
const MAX_BYTES = 16 * 1024 * 1024;
/** Number of last lines that are kept beyond that: they often contain the error. */
const LAST_LINES = 1_000;
/** Longest line, characters. */
const MAX_LINE = 64 * 1024;

interface StepLogOptions {
  path: string;
  mask(text: string): string;
  onLine(level: LogLevel, line: string): void;
  system: System;
}

export class StepLog {
  readonly path: string;
  readonly logger: Logger;
  readonly #options: StepLogOptions;
  readonly #last: string[] = [];
  #file?: number;
  #bytes = 0;
  /** Lines of this turn of the event loop, which are written together. */
  #pending = "";
  #time = { ms: NaN, text: "" };
  #dropped = 0;
  #closed = false;
  #isBroken = false;

  constructor(options: StepLogOptions) {
    this.#options = options;
    this.path = options.path;
    const at = (level: LogLevel) => (...args: unknown[]) => this.write(level, format(...args));
    this.logger = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  get isEmpty(): boolean {
    return this.#file === undefined;
  }

  write(level: LogLevel, text: string): void {
    const { mask, onLine, system } = this.#options;
    for (const whole of text.split("\n")) {
      // Before it is truncated, as a part of a secret is not recognized. Commands mask their output.
      const masked = level === "stdout" || level === "stderr" ? whole : mask(whole);
      const line = masked.length > MAX_LINE
        ? `${masked.slice(0, MAX_LINE).toWellFormed()} …`
        : masked;
      this.#keep(`${this.#timeOf(system.now())} ${level} ${line}\n`);
      onLine(level, line);
    }
  }

  source(): FileSource {
    this.#flush();
    return new DiskContent({ path: this.path, state: stateOf(lookAt(this.path)) });
  }

  close(): void {
    const file = this.#file;
    if (file === undefined || this.#closed) return;
    this.#flush();
    this.#closed = true;
    const lines = this.#last.splice(0);
    this.#onFile(() => {
      if (this.#dropped > 0) writeSync(file, `… ${this.#dropped} lines are missing …\n`);
      for (const line of lines) writeSync(file, line);
    });
    closeSync(file);
  }

  #keep(line: string): void {
    if (this.#closed) return;
    if (this.#bytes + this.#pending.length >= MAX_BYTES || this.#isBroken) {
      if (this.#last.push(line) <= LAST_LINES) return;
      this.#last.shift();
      this.#dropped++;
      return;
    }
    this.#onFile(() => this.#file ??= openSync(this.path, "a"));
    if (this.#pending === "") queueMicrotask(() => this.#flush());
    this.#pending += line;
  }

  #flush(): void {
    const lines = this.#pending;
    this.#pending = "";
    if (lines === "" || this.#closed) return;
    const bytes = new TextEncoder().encode(lines);
    this.#bytes += bytes.byteLength;
    this.#onFile(() => {
      for (let at = 0; at < bytes.byteLength;) at += writeSync(this.#file!, bytes, at);
    });
    if (!this.#isBroken) return;
    for (const line of lines.trimEnd().split("\n")) this.#keep(`${line}\n`);
  }

  #timeOf(ms: number): string {
    if (ms !== this.#time.ms) this.#time = { ms, text: new Date(ms).toISOString() };
    return this.#time.text;
  }

  /**
   * Writes to the file. If the disk is full the step continues, and the last lines may still fit.
   */
  #onFile(act: () => void): void {
    try {
      act();
    } catch (error) {
      const state = `the log of this step is incomplete: ${messageOf(error)}`;
      if (!this.#isBroken) this.#options.onLine("warn", state);
      this.#isBroken = true;
    }
  }
}

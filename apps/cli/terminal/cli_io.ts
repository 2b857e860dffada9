// The process around a command: its streams, colors, columns, folder, environment and stop signal.
import { writeFileSync } from "node:fs";
import process from "node:process";
import { Readable } from "node:stream";
import { realSystem, type System } from "../../../core/system.ts";

/**
 * Standard output or standard error.
 *
 * @internal
 */
export interface CliOutput {
  readonly isTerminal: boolean;
  /** Width of the terminal in characters; 0 or undefined if unknown. */
  readonly columns?: number;
  /** Resolves when the data is handed over. Rejects with {@linkcode ReaderGone} after a close. */
  write(data: string | Uint8Array): Promise<void>;
  /** Drops writes after a close from now on, instead of rejecting them. */
  ignoreClose?(): void;
}

/** Returns the width of an output, or undefined if unknown: some terminals report 0. */
export function knownColumns({ columns }: Pick<CliOutput, "columns">): number | undefined {
  return columns || undefined;
}

/** With fewer columns, the terminal wraps the text. */
const NARROWEST = 24;

/**
 * Wraps uncolored text at `columns`. The caller indents the first line; others get `indent` spaces.
 * Longer words, such as paths, stay whole.
 */
export function wrapped(
  text: string,
  { indent, columns }: { indent: number; columns?: number },
): string {
  const width = (columns ?? Infinity) - indent;
  if (width < NARROWEST) return text;
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}

export function wrappedFor(text: string, output: CliOutput, indent = 0): string {
  const columns = output.isTerminal ? knownColumns(output) : undefined;
  const isCommand = (line: string) => line.startsWith("  holdfast "); // stays one line to paste
  return text.split("\n").map((line) => isCommand(line) ? line : wrapped(line, { indent, columns }))
    .join("\n");
}

/** A write to an output whose reader closed it, as `head` does. */
export class ReaderGone extends Error {
  constructor() {
    super("Cannot write output: the reader closed it");
    this.name = "ReaderGone";
  }
}

/**
 * Standard input.
 *
 * @internal
 */
export interface CliInput {
  readonly isTerminal: boolean;
  /** Returns the bytes. May be called once. */
  stream(): ReadableStream<Uint8Array>;
}

/**
 * Everything that a run touches besides the registry.
 *
 * @internal
 */
export interface CliIo {
  readonly stdin: CliInput;
  /** Receives results only. */
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  /** Absolute. */
  readonly cwd: string;
  readonly system: System;
  readonly signal: AbortSignal;
  /** Aborted by the second Ctrl-C. A command that reads it still ends cleanly then. */
  readonly secondStop?: AbortSignal;
  /** Ignores the first Ctrl-C except for a note, and the end of the terminal. */
  outlast?(note: string): void;
}

export function createProcessIo(cwd: string, signal: AbortSignal): CliIo {
  return {
    stdin: {
      get isTerminal() {
        return process.stdin.isTTY === true;
      },
      stream: () => Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
    },
    stdout: createOutput(process.stdout),
    stderr: createOutput(process.stderr, { isOptional: true }),
    cwd,
    system: realSystem,
    signal,
  };
}

/** Returns standard input as a stream that fails when the run is aborted. */
export function stdinOf({ stdin, signal }: CliIo): ReadableStream<Uint8Array> {
  return stoppable(stdin.stream(), signal);
}

/** Returns a stream that fails when the signal is aborted. */
export function stoppable(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  return stream.pipeThrough(new TransformStream<Uint8Array>(), { signal });
}

/** The members of a stream of Node that an output needs: declarations name no types of Node. */
interface WrittenStream {
  on(event: "error", listener: () => void): unknown;
  write(data: string | Uint8Array, end: (error?: Error | null) => void): unknown;
  isTTY?: boolean;
  columns?: number;
  fd?: number;
}

/**
 * Creates an output. Text that comes before the last write has ended is one write: the log of a
 * step has many lines. A failure that no caller awaits is ignored.
 *
 * @param isOptional a closed reader is not an error
 */
export function createOutput(
  stream: WrittenStream,
  { isOptional = false } = {},
): CliOutput {
  stream.on("error", () => {}); // each write reports its own failure below
  let written: Promise<void> = Promise.resolve();
  let waiting: { data: string } | undefined;
  let isStuck = false;
  const send = (data: string | Uint8Array) =>
    new Promise<void>((resolve, reject) => {
      const end = (error?: Error | null) => {
        const isGone = (error as NodeJS.ErrnoException | null | undefined)?.code === "EPIPE";
        if (!error || (isGone && isOptional)) resolve();
        else reject(isGone ? new ReaderGone() : error);
      };
      if (isStuck) return resolve(writeFileSync(stream.fd!, data));
      try {
        stream.write(data, end);
      } catch (error) {
        // A file on Deno. Its stream waits for the end of this write, and would never begin another.
        isStuck = stream.fd !== undefined;
        end(error as Error);
      }
    });
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns;
    },
    ignoreClose: () => void (isOptional = true),
    write(data) {
      if (typeof data === "string" && waiting !== undefined) waiting.data += data;
      else {
        const next = { data };
        waiting = typeof data === "string" ? next as { data: string } : undefined;
        const sendNext = () => {
          if (waiting === next) waiting = undefined;
          return send(next.data);
        };
        written = written.then(sendNext, sendNext);
        written.catch(() => {});
      }
      return written;
    },
  };
}

/** @internal */
export interface Colors {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
}

/** Creates the colors of a terminal: none with `NO_COLOR` (no-color.org) or `TERM=dumb`. */
export function createColors(output: CliOutput, io: CliIo): Colors {
  const on = output.isTerminal && !io.system.env("NO_COLOR") && io.system.env("TERM") !== "dumb";
  const wrap = (from: number, to: number) => (text: string) =>
    on ? `\x1b[${from}m${text}\x1b[${to}m` : text;
  return { bold: wrap(1, 22), dim: wrap(2, 22), red: wrap(31, 39) };
}

// What a command line program sees of the outside: its streams and their colors, its folder, its
// environment, and the signal to stop.
import process from "node:process";
import { Readable, type Writable } from "node:stream";
import { realSystem, type System } from "../../../mod.ts";

/** Standard output or standard error. */
export interface CliOutput {
  readonly isTerminal: boolean;
  /** Width of the terminal in characters, where there is one; 0 where the terminal does not know it. */
  readonly columns?: number;
  /** Writes; resolves when the data is handed over, and rejects with {@linkcode ReaderGone} when nobody reads any more. */
  write(data: string | Uint8Array): Promise<void>;
}

/** The width of an output, or undefined where nobody knows it: some terminals say 0. */
export function knownColumns({ columns }: Pick<CliOutput, "columns">): number | undefined {
  return columns || undefined;
}

/** Whoever read an output has closed it, as `head` does when it has seen enough. */
export class ReaderGone extends Error {
  /** Creates the failure. */
  constructor() {
    super("Cannot write output: its reader is gone");
    this.name = "ReaderGone";
  }
}

/** Standard input. */
export interface CliInput {
  readonly isTerminal: boolean;
  /** Its bytes. May be asked for once. */
  stream(): ReadableStream<Uint8Array>;
}

/** Everything that a run of the command line touches besides the registry. */
export interface CliIo {
  readonly stdin: CliInput;
  /** Standard output: results only. */
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  /** The current folder, absolute. */
  readonly cwd: string;
  readonly system: System;
  readonly signal: AbortSignal;
  /** Aborted by the second Ctrl-C: a command that asks for it ends in order even then. */
  readonly secondStop?: AbortSignal;
}

/** The streams, the folder and the environment of this process. */
export function createProcessIo(signal: AbortSignal): CliIo {
  return {
    stdin: {
      get isTerminal() {
        return process.stdin.isTTY === true;
      },
      stream: () => Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>,
    },
    stdout: processOutput(process.stdout),
    stderr: heardOrNot(processOutput(process.stderr)),
    cwd: process.cwd(),
    system: realSystem,
    signal,
  };
}

function processOutput(stream: Writable & { isTTY?: boolean; columns?: number }): CliOutput {
  stream.on("error", () => {}); // each write reports its own failure below
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns;
    },
    write: (data) =>
      new Promise((resolve, reject) => {
        stream.write(data, (error) =>
          error ? reject(isBrokenPipe(error) ? new ReaderGone() : error) : resolve());
      }),
  };
}

/** What is said beside the result is no reason to stop when nobody listens. */
function heardOrNot(output: CliOutput): CliOutput {
  return {
    isTerminal: output.isTerminal,
    get columns() {
      return output.columns;
    },
    write: (data) =>
      output.write(data).catch((error) => {
        if (!(error instanceof ReaderGone)) throw error;
      }),
  };
}

function isBrokenPipe(error: NodeJS.ErrnoException): boolean {
  return error.code === "EPIPE";
}

export interface Colors {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
}

/** The colors (no-color.org) for an output: none unless it is a terminal, and none with `NO_COLOR` or `TERM=dumb`. */
export function createColors(output: CliOutput, io: CliIo): Colors {
  const on = output.isTerminal && !io.system.env("NO_COLOR") && io.system.env("TERM") !== "dumb";
  const wrap = (from: number, to: number) => (text: string) =>
    on ? `\x1b[${from}m${text}\x1b[${to}m` : text;
  return { bold: wrap(1, 22), dim: wrap(2, 22), red: wrap(31, 39) };
}

// A little colour for terminals that want it (no-color.org).
import type { CliIo, CliOutput } from "./cli_io.ts";

export interface Colors {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
}

/** The colours for an output: none unless it is a terminal, and none with `NO_COLOR` or `TERM=dumb`. */
export function createColors(output: CliOutput, io: CliIo): Colors {
  const on = output.isTerminal && !io.system.env("NO_COLOR") && io.system.env("TERM") !== "dumb";
  const wrap = (from: number, to: number) => (text: string) =>
    on ? `\x1b[${from}m${text}\x1b[${to}m` : text;
  return { bold: wrap(1, 22), dim: wrap(2, 22), red: wrap(31, 39) };
}

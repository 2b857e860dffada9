// Long lines, broken between words.
import { type CliOutput, knownColumns } from "./cli_io.ts";

/** In fewer columns the terminal wraps. */
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

/** Wraps each line at the width of a terminal. */
export function wrappedFor(text: string, output: CliOutput, indent = 0): string {
  const columns = output.isTerminal ? knownColumns(output) : undefined;
  return text.split("\n").map((line) => wrapped(line, { indent, columns })).join("\n");
}

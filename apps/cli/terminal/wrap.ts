// Lines that are longer than a terminal is wide, broken between words.
import { type CliOutput, knownColumns } from "./cli_io.ts";

/** Below this many characters a line is left to the terminal. */
const NARROWEST = 24;

/**
 * A text of which each line takes at most so many characters, the further ones after an indent. A word that is longer,
 * such as a path, stays whole.
 *
 * @param text without codes for colours
 * @param options `indent`: what stands before the text in its first line too, characters; `columns`: undefined for no
 * limit
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

/** A text of several lines as it goes to this output: on a terminal none is longer than that is wide. */
export function wrappedFor(text: string, output: CliOutput, indent = 0): string {
  const columns = output.isTerminal ? knownColumns(output) : undefined;
  return text.split("\n").map((line) => wrapped(line, { indent, columns })).join("\n");
}

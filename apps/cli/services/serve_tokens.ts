// Tokens from standard input.
import { type CliIo, stdinOf } from "../terminal/cli_io.ts";
import { invalid } from "../terminal/hints.ts";

/** Reads the content of a token file from standard input. */
export async function readTokens(io: CliIo): Promise<string> {
  if (io.stdin.isTerminal) {
    const hint = "Pass a token file, or pipe its content: holdfast serve --tokens - < FILE";
    throw invalid("read tokens from stdin", "it is a terminal", hint);
  }
  return await new Response(stdinOf(io)).text();
}

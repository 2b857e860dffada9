// Stand-in for jsr:@std/dotenv where JSR cannot be reached, of which only `parse` is used. The real one also expands
// `$NAME` and drops keys with `-`; nothing here relies on either.
import { parseEnv } from "node:util";

/** The values of a `.env` text. */
export function parse(text: string): Record<string, string> {
  return { ...parseEnv(text) } as Record<string, string>;
}

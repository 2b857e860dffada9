// Metadata from the command line.
import { isRegistryError, type RegistryError, retold } from "../../../core/errors.ts";
import { splitEntry, valueOf } from "../../../core/text/entries.ts";
import { invalid, shellWord } from "../terminal/hints.ts";

/** The state of an argument with bytes that the runtime replaced. */
export const NOT_UTF8 = "it is not UTF-8";

/** Parses `key=text` and `key:=json`. */
export function parseEntry(text: string): [key: string, value: unknown] {
  if (text.includes("\ufffd")) throw invalidMetadata(text, NOT_UTF8);
  const entry = splitEntry(text);
  if (entry === undefined) throw invalidMetadata(text, "expected key=value");
  const { key, typed } = entry;
  try {
    return [key, valueOf(entry)];
  } catch (cause) {
    if (isRegistryError(cause)) {
      throw retold(cause, { hint: `Pass it as a string: ${shellWord(`${key}=${typed}`)}` });
    }
    throw invalidMetadata(text, `not JSON after := (${(cause as Error).message})`, cause);
  }
}

function invalidMetadata(source: string, state: string, cause?: unknown): RegistryError {
  const hint = "Write key=text, or key:=JSON for other values: epochs:=3.";
  return invalid(`read metadata ${JSON.stringify(source)}`, state, hint, cause);
}

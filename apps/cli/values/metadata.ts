// Metadata from the command line.
import { isRegistryError, type RegistryError, retold } from "../../../core/errors.ts";
import { splitEntry, valueOf } from "../../metadata_text.ts";
import { invalid, shellWord } from "../terminal/hints.ts";

/** Parses `key=text` and `key:=json`. */
export function parseEntry(text: string): [key: string, value: unknown] {
  checkUtf8(text, `read metadata ${JSON.stringify(text)}`);
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

/** Throws for an argument with bytes that the runtime has replaced. */
export function checkUtf8(text: string, action: string): void {
  if (!text.includes("\ufffd")) return;
  throw invalid(action, "not UTF-8", "Use a terminal with a UTF-8 locale.");
}

function invalidMetadata(source: string, state: string, cause?: unknown): RegistryError {
  const hint = "Write key=text, or key:=JSON for other values: epochs:=3.";
  return invalid(`read metadata ${JSON.stringify(source)}`, state, hint, cause);
}

// Metadata from the command line.
import { isRegistryError, retold } from "../../../core/errors.ts";
import { splitEntry, valueOf } from "../../metadata_text.ts";
import { invalid, shellWord } from "../terminal/hints.ts";

const HINT = "Write key=text, or key:=JSON for other values: epochs:=3.";

/** Parses `key=text` and `key:=json`. Errors say what it is. */
export function parseEntry(text: string, what = "metadata"): [key: string, value: unknown] {
  const action = `read ${what} ${JSON.stringify(text)}`;
  checkUtf8(text, action);
  const entry = splitEntry(text);
  if (entry === undefined) throw invalid(action, "expected key=value", HINT);
  const { key, typed } = entry;
  try {
    return [key, valueOf(entry)];
  } catch (cause) {
    if (isRegistryError(cause)) {
      throw retold(cause, { hint: `Pass it as a string: ${shellWord(`${key}=${typed}`)}` });
    }
    throw invalid(action, `not JSON after := (${(cause as Error).message})`, HINT, cause);
  }
}

/** Throws for an argument with bytes that the runtime has replaced. */
export function checkUtf8(text: string, action: string): void {
  if (!text.includes("\ufffd")) return;
  throw invalid(action, "not UTF-8", "Use a terminal with a UTF-8 locale.");
}

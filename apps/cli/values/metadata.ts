// Metadata from the command line.
import { isRegistryError, type RegistryError, retold } from "../../../core/errors.ts";
import { parseExactJson } from "../../../core/text/json_text.ts";
import { invalid, shellWord } from "../terminal/hints.ts";

/** Parses `key=text` and `key:=json`. */
export function parseEntry(text: string): [key: string, value: unknown] {
  const [, key, sign, value = ""] = /^([^=:][^=]*?)(:?=)([^]*)$/.exec(text) ?? [];
  if (key === undefined) throw invalidMetadata(text, "expected key=value");
  if (sign === "=") return [key, value];
  try {
    return [key, parseExactJson(value)];
  } catch (cause) {
    if (isRegistryError(cause)) {
      throw retold(cause, { hint: `Pass it as a string: ${shellWord(`${key}=${value}`)}` });
    }
    throw invalidMetadata(text, `not JSON after := (${(cause as Error).message})`, cause);
  }
}

function invalidMetadata(source: string, state: string, cause?: unknown): RegistryError {
  const hint = "Write key=text, or key:=JSON for other values: epochs:=3.";
  return invalid(`read metadata ${JSON.stringify(source)}`, state, hint, cause);
}

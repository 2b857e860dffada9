// Metadata from the command line.
import type { RegistryError } from "../../../mod.ts";
import { invalid } from "../program/hints.ts";

/** Parses `key=text` and `key:=json`. */
export function parseEntry(text: string): [key: string, value: unknown] {
  const [, key, sign, value = ""] = /^([^=:][^=]*?)(:?=)([^]*)$/.exec(text) ?? [];
  if (key === undefined) throw invalidMetadata(text, "expected key=value");
  if (sign === "=") return [key, value];
  try {
    return [key, JSON.parse(value)];
  } catch (cause) {
    throw invalidMetadata(text, `not JSON after := (${(cause as Error).message})`, cause);
  }
}

function invalidMetadata(source: string, state: string, cause?: unknown): RegistryError {
  const hint = "Write key=text, or key:=JSON for other values: epochs:=3.";
  return invalid(`read metadata ${JSON.stringify(source)}`, state, hint, cause);
}

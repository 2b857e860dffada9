// Entries of metadata and labels as people type them: `key=text`, and `key:=JSON` for other values.
import { parseExactJson } from "../core/text/json_text.ts";

interface Entry {
  readonly key: string;
  /** False if the value is text as it is. */
  readonly isJson: boolean;
  readonly typed: string;
}

/** Splits `key=text` and `key:=JSON`. Returns undefined for other text. */
export function splitEntry(text: string): Entry | undefined {
  const [, key, sign, typed = ""] = /^([^=:][^=]*?)(:?=)([^]*)$/.exec(text) ?? [];
  return key === undefined ? undefined : { key, isJson: sign === ":=", typed };
}

/** @throws a `SyntaxError` for invalid JSON, a `RegistryError` for numbers that would change */
export function valueOf({ isJson, typed }: Entry): unknown {
  return isJson ? parseExactJson(typed) : typed;
}

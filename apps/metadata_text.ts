// Text of metadata and labels: entries as people type them, `key=text`, and `key:=JSON` for other
// values; and numbers that were saved as text.
import { isDecimal } from "../core/text/decimals.ts";
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

/** True for a number that was saved as text, as by `--metadata epochs=10`. */
export function isTextNumber(value: unknown): value is string {
  return typeof value === "string" && isDecimal(value);
}

/** Counts the versions in which a number is text, for each of some fields. */
export class TextNumbers {
  readonly #counts: Map<string, number>;

  constructor(fields: Iterable<string>) {
    this.#counts = new Map(Array.from(fields, (field) => [field, 0]));
  }

  add(read: (field: string) => unknown): void {
    for (const [field, count] of this.#counts) {
      if (isTextNumber(read(field))) this.#counts.set(field, count + 1);
    }
  }

  /** A sentence for each field that is text: `metadata.epochs is text in 6 versions`. */
  get notes(): string[] {
    return [...this.#counts].filter(([, count]) => count > 0).map(([field, count]) =>
      `${field} is text in ${count} version${count === 1 ? "" : "s"}`
    );
  }
}

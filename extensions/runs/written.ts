// JSON of other programs, whose integers have more digits than numbers of JavaScript.
import { parsedJson } from "../../core/kernel.ts";

/** An integer of so many digits that a number may not have all of them. */
export const LONG_INTEGER = /(?:^|[\s:,[])-?\d{16,}(?![\d.eE])/;

/** A number of a JSON text, as it is written there. */
export class WrittenNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  /** The same number; undefined if it would be rounded. */
  get exact(): number | undefined {
    const number = Number(this.text);
    if (!/^-?\d+$/.test(this.text)) return number;
    return Number.isFinite(number) && BigInt(number) === BigInt(this.text) ? number : undefined;
  }

  toString(): string {
    return this.text;
  }

  /** The same number, or its text. */
  toJSON(): number | string {
    return this.exact ?? this.text;
  }
}

/**
 * Returns the value of JSON; undefined if it is invalid. Integers whose digits a number would change
 * are as they were written.
 */
export function exactValue(json: string): unknown {
  if (!LONG_INTEGER.test(json)) return parsedJson(json);
  const keep = (_: string, value: unknown, context?: { source?: string }) => {
    const text = context?.source ?? "";
    const isChanged = /^-?\d{16,}$/.test(text) && String(value) !== text;
    return isChanged && typeof value === "number" ? new WrittenNumber(text) : value;
  };
  try {
    return JSON.parse(json, keep);
  } catch {
    return undefined;
  }
}

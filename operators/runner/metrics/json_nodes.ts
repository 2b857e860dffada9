// JSON as nodes with their offsets, for errors that name a line. NaN and infinities, which Python
// and others write without quotes, are strings, as in all metadata.
import { exactNumber } from "../../../core/text/exact_number.ts";
import { isJsonObject } from "../../../core/kernel.ts";
import type { PlainValue } from "../../../core/kernel.ts";

/** A value with its offset in characters. */
export type MetricsNode =
  | { kind: "object"; offset: number; entries: [key: string, node: MetricsNode][] }
  | { kind: "list"; offset: number }
  | { kind: "scalar"; offset: number; value: null | boolean | number | string };

/** A text that is not JSON, or has a number that would be rounded. */
export class JsonFault extends Error {
  readonly offset: number;

  constructor(state: string, offset: number) {
    super(state);
    this.offset = offset;
  }
}

const SPACE = /[ \t\r\n]*/y;
const STRING = /"(?:[^"\\]|\\[^])*"/y;
const WORD = /-?(?:NaN|Infinity)|true|false|null|-?\d[\d.eE+-]*/y;
/** The depth at which values are no longer read: metrics have less. */
const MOST_DEPTH = 50;
const NOT_JSON = "not JSON";

/** Parses JSON. Throws `JsonFault`. */
export function parseJsonNodes(text: string): MetricsNode {
  const parser = new JsonParser(text);
  const node = parser.value(0);
  parser.end();
  return node;
}

class JsonParser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): MetricsNode {
    this.#skip();
    const offset = this.#at;
    if (depth > MOST_DEPTH) throw new JsonFault("nested too deep", offset);
    if (this.#take("{")) return { kind: "object", offset, entries: this.#entries(depth) };
    if (this.#take("[")) {
      this.#items("]", () => this.value(depth + 1));
      return { kind: "list", offset };
    }
    return { kind: "scalar", offset, value: this.#scalar(offset) };
  }

  end(): void {
    this.#skip();
    if (this.#at < this.#text.length) throw new JsonFault(NOT_JSON, this.#at);
  }

  #entries(depth: number): [string, MetricsNode][] {
    const entries = new Map<string, MetricsNode>();
    this.#items("}", () => {
      this.#skip();
      const offset = this.#at;
      const key = this.#string();
      if (key === undefined || !this.#take(":")) throw new JsonFault(NOT_JSON, this.#at);
      if (entries.has(key)) throw new JsonFault(`duplicate key ${JSON.stringify(key)}`, offset);
      entries.set(key, this.value(depth + 1));
    });
    return [...entries];
  }

  #items(end: string, item: () => void): void {
    if (this.#take(end)) return;
    do item(); while (this.#take(","));
    if (!this.#take(end)) throw new JsonFault(NOT_JSON, this.#at);
  }

  #scalar(offset: number): null | boolean | number | string {
    const text = this.#string();
    if (text !== undefined) return text;
    const word = this.#match(WORD) ?? "";
    if (/NaN$|y$/.test(word)) return word === "-NaN" ? "NaN" : word;
    try {
      const value = JSON.parse(word);
      if (typeof value !== "number" || exactNumber(word) !== "inexact") return value;
    } catch {
      throw new JsonFault(NOT_JSON, offset);
    }
    throw new JsonFault(`the number ${word.slice(0, 40)} would be rounded`, offset);
  }

  #string(): string | undefined {
    const offset = this.#at;
    const text = this.#match(STRING);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text);
    } catch {
      throw new JsonFault(NOT_JSON, offset);
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [match] = pattern.exec(this.#text) ?? [];
    if (match !== undefined) this.#at += match.length;
    return match;
  }

  #skip(): void {
    this.#match(SPACE);
  }

  #take(char: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }
}

/** Returns parsed data as nodes without offsets. */
export function nodeOf(value: PlainValue): MetricsNode {
  const offset = 0;
  if (Array.isArray(value)) return { kind: "list", offset };
  if (!isJsonObject(value)) return { kind: "scalar", offset, value };
  const entries = Object.entries(value as { [key: string]: PlainValue });
  return { kind: "object", offset, entries: entries.map(([key, child]) => [key, nodeOf(child)]) };
}

/** Returns the line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

// TOML as the tree of a configuration.
import { parse, TomlDate, TomlError } from "npm:smol-toml@^1.9";
import type { ConfigEntry, ConfigNode, ConfigSource, Path } from "./node.ts";
import type { ProblemList } from "./problems.ts";

/** Parses TOML. Reports problems; undefined for invalid TOML. */
export function parseTomlTree(source: ConfigSource, problems: ProblemList): ConfigNode | undefined {
  let value: unknown;
  try {
    value = parse(source.text, { maxDepth: 100 });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    const offset = offsetOf(source.text, error.line, error.column);
    const hint = "Correct the line: strings need quotes, and each key occurs once (TOML 1.0).";
    problems.add({ source, offset }, { message, hint });
    return undefined;
  }

  function treeOf(
    value: unknown,
    at: TomlPlace | undefined,
    above: number,
    path: Path | undefined,
  ): ConfigNode {
    const offset = at?.offset ?? above;
    const place = { source, offset };
    if (value instanceof TomlDate) {
      problems.add(place, { path, message: "dates are not supported", hint: "Put it in quotes." });
      return { kind: "scalar", place, value: null };
    }
    if (Array.isArray(value)) {
      const items = value.map((item, key) =>
        treeOf(item, at?.inside.get(String(key)), offset, { parent: path, key })
      );
      return { kind: "list", place, items };
    }
    if (typeof value !== "object" || value === null) {
      return { kind: "scalar", place, value: value as string };
    }
    const entries = new Map<string, ConfigEntry>();
    for (const [key, item] of Object.entries(value)) {
      const inside = at?.inside.get(key);
      const node = treeOf(item, inside, offset, { parent: path, key });
      entries.set(key, { place: { source, offset: inside?.keyOffset ?? offset }, node });
    }
    return { kind: "map", place, entries };
  }
  return treeOf(value, new PlaceReader(source.text).read(), 0, undefined);
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at++) start = text.indexOf("\n", start) + 1 || text.length;
  return Math.min(start + column - 1, text.length);
}

interface TomlPlace {
  offset: number;
  keyOffset: number;
  /** Members by key, or by `0`, `1`, … */
  inside: Map<string, TomlPlace>;
}

interface TomlKey {
  key: string;
  offset: number;
}

/** Finds the positions of all values of valid TOML. */
class PlaceReader {
  readonly #text: string;
  readonly #root = placeAt(0, 0);
  /** Arrays of tables. */
  readonly #lists = new Set<TomlPlace>();
  #table = this.#root;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): TomlPlace {
    for (this.#skip(BLANK); this.#at < this.#text.length; this.#skip(BLANK)) {
      const start = this.#at;
      if (this.#text[start] === "[") this.#readHeader();
      else this.#readPair(this.#table);
      if (this.#at === start) this.#at++;
    }
    return this.#root;
  }

  #skip(what: RegExp): string {
    what.lastIndex = this.#at;
    const [found] = what.exec(this.#text) ?? [""];
    this.#at += found.length;
    return found;
  }

  /** Reads `a."b.c".d`: each key with its position. */
  #readKeys(): TomlKey[] {
    const keys: TomlKey[] = [];
    do {
      this.#skip(/[ \t.]*/y);
      const offset = this.#at;
      const word = this.#skip(/"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+/y);
      keys.push({ key: keyOf(word), offset });
      this.#skip(/[ \t]*/y);
    } while (this.#text[this.#at] === ".");
    return keys;
  }

  #descend(from: TomlPlace, keys: readonly TomlKey[]): TomlPlace {
    let place = from;
    for (const { key, offset } of keys) {
      const next = place.inside.get(key) ?? placeAt(offset, offset);
      place.inside.set(key, next);
      place = this.#lists.has(next) ? next.inside.get(String(next.inside.size - 1))! : next;
    }
    return place;
  }

  #readHeader(): void {
    const start = this.#at;
    const isList = this.#skip(/\[\[?/y).length === 2;
    const keys = this.#readKeys();
    this.#skip(/[ \t]*\]\]?/y);
    if (!isList) return void (this.#table = this.#descend(this.#root, keys));
    const { key, offset } = keys.pop()!;
    const holder = this.#descend(this.#root, keys);
    const list = holder.inside.get(key) ?? placeAt(offset, offset);
    holder.inside.set(key, list);
    this.#table = placeAt(start, start);
    list.inside.set(String(list.inside.size), this.#table);
    this.#lists.add(list);
  }

  #readPair(into: TomlPlace): void {
    const keys = this.#readKeys();
    this.#skip(/[ \t]*=[ \t]*/y);
    const { key, offset } = keys.pop()!;
    this.#descend(into, keys).inside.set(key, this.#readValue(offset));
  }

  #readValue(keyOffset = this.#at): TomlPlace {
    const place = placeAt(this.#at, keyOffset);
    const first = this.#text[this.#at];
    if (first === "[") {
      this.#readAll("]", () => place.inside.set(String(place.inside.size), this.#readValue()));
    } else if (first === "{") this.#readAll("}", () => this.#readPair(place));
    else if (this.#skip(SCALAR) === "") this.#at++; // not valid TOML: continue
    return place;
  }

  /** Reads comma-separated items up to the closing bracket. */
  #readAll(end: "]" | "}", readOne: () => void): void {
    this.#at++;
    this.#skip(BLANK);
    while (this.#text[this.#at] !== end && this.#at < this.#text.length) {
      readOne();
      this.#skip(/(?:[ \t\r\n,]|#[^\n]*)*/y);
    }
    this.#at++;
  }
}

const BLANK = /(?:[ \t\r\n]|#[^\n]*)*/y;
const SCALAR = /"""(?:[^\\]|\\[^])*?"""+|'''[^]*?'''+|"(?:[^"\\]|\\.)*"|'[^']*'|[^,\]}#\r\n]+/y;

function placeAt(offset: number, keyOffset: number): TomlPlace {
  return { offset, keyOffset, inside: new Map() };
}

function keyOf(word: string): string {
  if (word.startsWith("'")) return word.slice(1, -1);
  if (!word.startsWith('"')) return word;
  try {
    return JSON.parse(
      word.replace(/\\U([0-9A-Fa-f]{8})/g, (_, hex) => String.fromCodePoint(parseInt(hex, 16))),
    );
  } catch {
    return word.slice(1, -1); // TOML escapes that JSON lacks: falls back to the table's position
  }
}

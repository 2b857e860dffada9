// Configuration in TOML, as a tree.
import { parse, TomlDate, TomlError } from "npm:smol-toml@^1.9";
import type { ConfigEntry, ConfigNode, ConfigSource, Path } from "./node.ts";
import type { ProblemList } from "./problems.ts";

/** The tree of a text; what is wrong with it is told. Undefined where it is no TOML. */
export function parseTomlTree(source: ConfigSource, problems: ProblemList): ConfigNode | undefined {
  let value: unknown;
  try {
    value = parse(source.text, { maxDepth: 100 });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    problems.add({ source, offset: offsetOf(source.text, error.line, error.column) }, {
      message,
      hint:
        "Correct the line: a file is one document of TOML 1.0; texts stand in quotes, keys are there once.",
    });
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
      problems.add(place, { path, message: "a date is no plain data", hint: "Put it in quotes." });
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
  return treeOf(value, findTomlPlaces(source.text), 0, undefined);
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let at = 1; at < line; at++) start = text.indexOf("\n", start) + 1 || text.length;
  return Math.min(start + column - 1, text.length);
}

export interface TomlPlace {
  offset: number;
  keyOffset: number;
  /** What is in it, by key, or by `0`, `1`, … */
  inside: Map<string, TomlPlace>;
}

/** Finds all places of a text that the parser took: what is wrong with it is not looked for. */
export function findTomlPlaces(text: string): TomlPlace {
  const root = placeAt(0, 0);
  let table = root;
  let at = 0;

  function skip(what: RegExp): string {
    what.lastIndex = at;
    const [found] = what.exec(text) ?? [""];
    at += found.length;
    return found;
  }
  const skipBlank = () => skip(/(?:[ \t\r\n]|#[^\n]*)*/y);

  /** `a."b.c".d`: each key, and where it begins. */
  function readKeys(): { key: string; offset: number }[] {
    const keys: { key: string; offset: number }[] = [];
    do {
      skip(/[ \t.]*/y);
      const offset = at;
      const word = skip(/"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+/y);
      keys.push({ key: keyOf(word), offset });
      skip(/[ \t]*/y);
    } while (text[at] === ".");
    return keys;
  }

  function descend(from: TomlPlace, keys: readonly { key: string; offset: number }[]): TomlPlace {
    let place = from;
    for (const { key, offset } of keys) {
      const next = place.inside.get(key) ?? placeAt(offset, offset);
      place.inside.set(key, next);
      place = lastOf(next);
    }
    return place;
  }

  function readHeader(): void {
    const start = at;
    const isList = skip(/\[\[?/y).length === 2;
    const keys = readKeys();
    skip(/[ \t]*\]\]?/y);
    if (!isList) return void (table = descend(root, keys));
    const holder = descend(root, keys.slice(0, -1));
    const { key, offset } = keys[keys.length - 1];
    const list = holder.inside.get(key) ?? placeAt(offset, offset);
    holder.inside.set(key, list);
    table = placeAt(start, start);
    list.inside.set(String(list.inside.size), table);
    tables.add(list);
  }

  function readPair(into: TomlPlace): void {
    const keys = readKeys();
    skip(/[ \t]*=[ \t]*/y);
    const { key, offset } = keys[keys.length - 1];
    descend(into, keys.slice(0, -1)).inside.set(key, readValue(offset));
  }

  function readValue(keyOffset = at): TomlPlace {
    const place = placeAt(at, keyOffset);
    if (text[at] === "[") {
      at++;
      for (skipBlank(); text[at] !== "]" && at < text.length; skip(/(?:[ \t\r\n,]|#[^\n]*)*/y)) {
        place.inside.set(String(place.inside.size), readValue());
      }
      at++;
    } else if (text[at] === "{") {
      at++;
      for (skipBlank(); text[at] !== "}" && at < text.length; skip(/(?:[ \t\r\n,]|#[^\n]*)*/y)) {
        readPair(place);
      }
      at++;
    } else {
      const length =
        skip(/"""(?:[^\\]|\\[^])*?"""+|'''[^]*?'''+|"(?:[^"\\]|\\.)*"|'[^']*'|[^,\]}#\r\n]+/y)
          .length;
      if (length === 0) at++; // nothing that the parser takes: go on
    }
    return place;
  }

  const tables = new Set<TomlPlace>(); // lists whose elements have headers
  const lastOf = (place: TomlPlace) =>
    tables.has(place) ? place.inside.get(String(place.inside.size - 1))! : place;
  for (skipBlank(); at < text.length; skipBlank()) {
    const start = at;
    if (text[at] === "[") readHeader();
    else readPair(table);
    if (at === start) at++;
  }
  return root;
}

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
    return word.slice(1, -1); // an escape that JSON has not: its place is that of the table
  }
}

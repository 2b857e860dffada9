// Reads YAML as nearly all of it is written: mappings and lists by indentation, values of one line.
// The library reads everything, ten times slower; a configuration of ten thousand steps is to be
// read at once. Whatever is not plain to see here is left to the library, mistakes too: a test
// compares the two.
import type { YamlEntry, YamlNode } from "./yaml_node.ts";

/** A line that has something in it. */
interface Line {
  /** Spaces before it. */
  indent: number;
  /** Where the first character behind those stands. */
  at: number;
  /** Where it ends, without spaces at the end. */
  end: number;
}

/** Thrown out of the text where it is to be left to the library. */
class Unusual extends Error {}

/** Characters that have a meaning of their own, or are none of text. */
// deno-lint-ignore no-control-regex
const STRANGE = /[\0-\x09\x0b-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]/;
/** A key without quotes, and what may follow its colon. */
const KEY = /[A-Za-z_][A-Za-z0-9_./-]{0,99}:(?= |\n|$)/y;
/** What a plain value may begin with here: no sign of YAML. */
const FIRST = /[A-Za-z0-9_./$+~(<=^\xa1-\ud7ff\ue000-\ufffd]|-[A-Za-z0-9.]/y;
/** Words of the core schema (yaml.org/spec/1.2.2, 10.3.2). */
const WORDS: ReadonlyMap<string, null | boolean> = new Map([
  ...["~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
]);
/** Numbers of the core schema. */
const NUMBER =
  /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
/** Those that are what JavaScript says they are. */
const PLAIN_NUMBER = /^(?:0|-?[1-9][0-9]{0,14}|-?[1-9][0-9]{0,7}\.[0-9]{1,7}|0\.[0-9]{1,14})$/;
const MAX_DEPTH = 40;

/** The tree of a text, the same that the library makes of it; undefined where that has to be asked. */
export function parseUsualYaml(text: string): YamlNode | undefined {
  if (STRANGE.test(text)) return undefined;
  const lines = linesOf(text);
  if (lines.length === 0 || lines[0].indent > 0) return undefined;
  try {
    const reader = createReader(text, lines);
    return reader();
  } catch (error) {
    if (error instanceof Unusual) return undefined;
    throw error;
  }
}

function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  for (let start = 0; start < text.length;) {
    const found = text.indexOf("\n", start);
    const stop = found < 0 ? text.length : found;
    let at = start;
    while (at < stop && text[at] === " ") at++;
    let end = stop;
    while (end > at && text[end - 1] === " ") end--;
    if (at < end && text[at] !== "#") lines.push({ indent: at - start, at, end });
    start = stop + 1;
  }
  return lines;
}

function createReader(text: string, lines: readonly Line[]): () => YamlNode {
  let index = 0; // the line that is read

  return () => {
    if (!isItem(lines[0].at) && keyAt(lines[0].at) === undefined) throw new Unusual();
    const root = readBlock(lines[0].at, 0, 0);
    if (index < lines.length) throw new Unusual();
    return root;
  };

  /** What begins at an offset of the line, in a column. */
  function readBlock(at: number, column: number, depth: number): YamlNode {
    if (depth > MAX_DEPTH) throw new Unusual();
    if (isItem(at)) return { kind: "list", offset: at, items: readItems(at, column, depth) };
    return { kind: "map", offset: at, entries: readEntries(at, column, depth) };
  }

  function readItems(first: number, column: number, depth: number): YamlNode[] {
    const items: YamlNode[] = [];
    for (let at = first;;) {
      const { end } = lines[index];
      const next = afterSign(at + 1, end);
      if (next === end) items.push(readBelow(column, depth));
      else if (isItem(next) || keyAt(next) !== undefined) {
        items.push(readBlock(next, column + next - at, depth + 1));
      } else items.push(readLineValue(next, end, depth));
      if (isOver(column) || !isItem(lines[index].at)) return items;
      at = lines[index].at;
    }
  }

  function readEntries(first: number, column: number, depth: number): YamlEntry[] {
    const entries = new Map<string, YamlEntry>();
    for (let offset = first;;) {
      const key = keyAt(offset);
      if (key === undefined || entries.has(key)) throw new Unusual();
      const { end } = lines[index];
      const next = afterSign(offset + key.length + 1, end);
      const node = next === end ? readBelow(column, depth, true) : readLineValue(next, end, depth);
      entries.set(key, { key, offset, node });
      if (isOver(column)) return [...entries.values()];
      offset = lines[index].at;
    }
  }

  /** Where the value begins behind a dash or colon; `end` where nothing but a comment follows. */
  function afterSign(from: number, end: number): number {
    let at = from;
    while (at < end && text[at] === " ") at++;
    return text[at] === "#" && at > from ? end : Math.min(at, end);
  }

  /** Whether what is in this column has ended; a line further in belongs to nothing. */
  function isOver(column: number): boolean {
    if (index >= lines.length || lines[index].indent < column) return true;
    if (lines[index].indent > column) throw new Unusual();
    return false;
  }

  /** What stands in the lines below: further in, or, of a key, a list in the same column. */
  function readBelow(column: number, depth: number, isOfKey = false): YamlNode {
    const next = lines[++index];
    if (next === undefined) throw new Unusual();
    if (next.indent > column && (isItem(next.at) || keyAt(next.at) !== undefined)) {
      return readBlock(next.at, next.indent, depth + 1);
    }
    if (!isOfKey || next.indent !== column || !isItem(next.at)) throw new Unusual();
    return readBlock(next.at, column, depth + 1);
  }

  /** A value that ends with its line. */
  function readLineValue(at: number, end: number, depth: number): YamlNode {
    const { node, next } = readValue(at, end, depth, false);
    let rest = next;
    while (rest < end && text[rest] === " ") rest++;
    if (rest < end && (text[rest] !== "#" || rest === next)) throw new Unusual();
    index++;
    return node;
  }

  function readValue(
    at: number,
    end: number,
    depth: number,
    isFlow: boolean,
  ): { node: YamlNode; next: number } {
    const char = text[at];
    if (char === '"' || char === "'") return readQuoted(at, end);
    if (char === "[") return readList(at, end, depth + 1);
    if (char === "{") return readMapping(at, end, depth + 1);
    return readPlain(at, end, isFlow);
  }

  function readQuoted(at: number, end: number): { node: YamlNode; next: number } {
    const close = text.indexOf(text[at], at + 1);
    if (close < 0 || close >= end || text[close + 1] === text[at]) throw new Unusual();
    const value = text.slice(at + 1, close);
    if (text[at] === '"' && value.includes("\\")) throw new Unusual();
    return { node: { kind: "scalar", offset: at, value }, next: close + 1 };
  }

  function readPlain(at: number, end: number, isFlow: boolean): { node: YamlNode; next: number } {
    FIRST.lastIndex = at;
    if (!FIRST.test(text)) throw new Unusual();
    let next = at;
    for (; next < end; next++) {
      const char = text[next];
      if (char === ":" && (next + 1 >= end || text[next + 1] === " ")) throw new Unusual(); // a key
      if (char === "#" && text[next - 1] === " ") break;
      if (isFlow && (char === "," || char === "]" || char === "}")) break;
      if (isFlow && (char === "[" || char === "{" || char === '"' || char === "'")) {
        throw new Unusual();
      }
    }
    if (text[next - 1] === ":") throw new Unusual();
    while (text[next - 1] === " ") next--;
    return { node: { kind: "scalar", offset: at, value: plainValue(text.slice(at, next)) }, next };
  }

  function readList(offset: number, end: number, depth: number): { node: YamlNode; next: number } {
    const items: YamlNode[] = [];
    const next = readFlow(offset, { end, depth, close: "]" }, (at) => {
      const item = readValue(at, end, depth, true);
      items.push(item.node);
      return item.next;
    });
    return { node: { kind: "list", offset, items }, next };
  }

  function readMapping(
    offset: number,
    end: number,
    depth: number,
  ): { node: YamlNode; next: number } {
    const entries = new Map<string, YamlEntry>();
    const next = readFlow(offset, { end, depth, close: "}" }, (at) => {
      const key = keyAt(at);
      if (key === undefined || entries.has(key)) throw new Unusual();
      const value = readValue(spaces(at + key.length + 1, end), end, depth, true);
      entries.set(key, { key, offset: at, node: value.node });
      return value.next;
    });
    return { node: { kind: "map", offset, entries: [...entries.values()] }, next };
  }

  /** What stands in brackets with commas between; returns where it ends. */
  function readFlow(
    open: number,
    { end, depth, close }: { end: number; depth: number; close: string },
    readOne: (at: number) => number,
  ): number {
    if (depth > MAX_DEPTH) throw new Unusual();
    let at = spaces(open + 1, end);
    if (text[at] === close) return at + 1;
    for (;;) {
      at = spaces(readOne(at), end);
      if (text[at] === close) return at + 1;
      if (text[at] !== ",") throw new Unusual();
      at = spaces(at + 1, end);
    }
  }

  function spaces(from: number, end: number): number {
    let at = from;
    while (at < end && text[at] === " ") at++;
    if (at >= end) throw new Unusual(); // it goes on in the next line
    return at;
  }

  function isItem(at: number): boolean {
    return text[at] === "-" &&
      (text[at + 1] === " " || text[at + 1] === "\n" || at + 1 >= text.length);
  }

  function keyAt(at: number): string | undefined {
    KEY.lastIndex = at;
    if (!KEY.test(text)) return undefined;
    const key = text.slice(at, KEY.lastIndex - 1);
    if (WORDS.has(key)) throw new Unusual();
    return key;
  }
}

function plainValue(text: string): null | boolean | number | string {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (!NUMBER.test(text)) return text;
  if (!PLAIN_NUMBER.test(text)) throw new Unusual();
  return Number(text);
}

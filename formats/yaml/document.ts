// A document of YAML 1.2 as a tree whose nodes know where they stand, and all that is wrong with it.
import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, Parser } from "npm:yaml@^2.9";
import type { CST, Document, Node, Scalar, YAMLMap } from "npm:yaml@^2.9";
import { shown } from "../../core/naming/names.ts";
import { exactNumber } from "../content/exact_number.ts";

/** A node; offsets are characters from the beginning of the text. What an alias names is the same node again. */
export type YamlNode =
  | { kind: "map"; offset: number; entries: YamlEntry[] }
  | { kind: "list"; offset: number; items: YamlNode[] }
  | { kind: "scalar"; offset: number; value: null | boolean | number | string };

/** A key and its value; the offset is where the key begins. */
export interface YamlEntry {
  key: string;
  offset: number;
  node: YamlNode;
}

/** What is wrong with a text: whether it is damaged, or written in a way that is not read; what, and where. */
export interface YamlProblem {
  readonly code: "Corrupt" | "Unsupported";
  readonly state: string;
  readonly offset: number;
}

/** Options of {@linkcode parseYamlDocument}. */
export interface YamlDocumentOptions {
  /** No text has more aliases. @default 100 */
  maxAliasCount?: number;
  /** Whether whole numbers may be keys, which are taken as they read. @default false */
  numberKeys?: boolean;
}

/** What was read of a text: the tree as far as there is one, and what is wrong with it. */
export interface YamlTree {
  /** The value; undefined where the text has none, or cannot be read at all. */
  root?: YamlNode;
  /** What is wrong, in the order of the text: of its syntax the first, of what it says all. */
  problems: YamlProblem[];
}

/** What is read and written: YAML 1.2, its core schema. */
export const SCHEMA = { version: "1.2", schema: "core" } as const;

/** No text has more characters. */
const MAX_LENGTH = 16 * 1024 * 1024;
/** No document has more nodes, counted as often as aliases repeat them. */
const MAX_NODES = 2_000_000;

/** Deepest nesting: the library reads level by level on the stack, and hangs where that does not suffice. */
export const MAX_DEPTH = 100;

/** What no text of YAML has as it is; the library takes a carriage return, a line break, for a letter. */
// deno-lint-ignore no-control-regex
const STRAY = /[\0-\x08\v\f\x0e-\x1f]|\r(?!\n)/;

const TAGS: ReadonlySet<string> = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`),
);

/** Reads a text. Never throws. */
export function parseYamlDocument(text: string, options: YamlDocumentOptions = {}): YamlTree {
  if (text.length > MAX_LENGTH) {
    const state = `it has ${text.length} characters, ${MAX_LENGTH} are allowed`;
    return { problems: [unsupported(state, 0)] };
  }
  const tokens = tokensOf(text, options.maxAliasCount ?? 100);
  if (!Array.isArray(tokens)) return { problems: [tokens] };
  let document: Document.Parsed | undefined;
  let isBroken = false;
  const problems: YamlProblem[] = [];
  const composer = new Composer({ ...SCHEMA, uniqueKeys: false, strict: true, logLevel: "silent" });
  for (const next of composer.compose(tokens, false, text.length)) {
    if (document === undefined) document = next;
    else problems.push(unsupported("a second document begins", next.range[0]));
    const [error] = next.errors; // what follows it mostly comes of it
    if (error !== undefined && !isBroken) problems.push(corrupt(error.message, error.pos[0]));
    isBroken ||= error !== undefined;
    const warnings = next.warnings.filter(({ code }) => code !== "TAG_RESOLVE_FAILED"); // see `treeOf`
    for (const { message, pos } of warnings) problems.push(corrupt(message, pos[0]));
  }
  if (document?.contents === undefined || document.contents === null) return { problems };
  const { version, explicit } = document.directives.yaml;
  if (explicit && version !== "1.2") problems.push(unsupported(`it is YAML ${version}`, 0));
  const root = treeOf(document.contents, problems, options);
  return { root, problems: problems.sort((a, b) => a.offset - b.offset) };
}

/** The tokens of a text, before the library makes anything of them; or what is wrong with one. */
function tokensOf(text: string, maxAliasCount: number): CST.Token[] | YamlProblem {
  const stray = text.search(STRAY);
  if (stray >= 0) return corrupt(`${shown(text[stray])} stands there as it is`, stray);
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let aliases = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const at = parser.offset;
    tokens.push(...parser.next(lexeme));
    if (lexeme[0] === "*" && ++aliases > maxAliasCount) {
      return unsupported(`it has more than ${maxAliasCount} aliases`, at);
    }
    if (parser.stack.length > MAX_DEPTH + 2) return tooDeep(at); // a document, and a scalar
  }
  tokens.push(...parser.end());
  return tokens;
}

function tooDeep(offset: number): YamlProblem {
  return unsupported(`it is nested more than ${MAX_DEPTH} levels deep`, offset);
}

function treeOf(
  contents: Node,
  problems: YamlProblem[],
  { numberKeys = false }: YamlDocumentOptions,
): YamlNode | undefined {
  const anchors = new Map<string, { node: YamlNode; count: number; depth: number }>();
  let count = 0; // nodes so far, those behind aliases each time

  function convert(node: Node): [YamlNode, number] {
    const before = count++;
    const offset = offsetOf(node);
    if (isAlias(node)) {
      const found = anchors.get(node.source); // not there yet within itself
      if (found === undefined) {
        problems.push(corrupt(`there is no anchor &${node.source} before this alias`, offset));
      }
      count += found?.count ?? 0;
      if (count > MAX_NODES) {
        throw new Stop(unsupported(`its aliases make more than ${MAX_NODES} values of it`, offset));
      }
      return [found?.node ?? { kind: "scalar", offset, value: null }, found?.depth ?? 0];
    }
    if (node.tag !== undefined && !TAGS.has(node.tag)) {
      problems.push(unsupported(`the tag ${shown(node.tag)} is not one of plain data`, offset));
    }
    const [made, depth] = convertOwn(node, offset);
    if (depth > MAX_DEPTH) throw new Stop(tooDeep(offset));
    const { anchor } = node as { anchor?: string };
    if (anchor) anchors.set(anchor, { node: made, count: count - before, depth });
    return [made, depth];
  }

  function convertOwn(node: Node, offset: number): [YamlNode, number] {
    if (isScalar(node)) {
      if (isInexact(node)) {
        const state = `${shown(node.source)} is more than a number of 64 bits can hold`;
        problems.push(unsupported(state, offset));
      }
      return [{ kind: "scalar", offset, value: (node.value ?? null) as string }, 0];
    }
    let deepest = 0;
    const child = (node: Node) => {
      const [made, depth] = convert(node);
      deepest = Math.max(deepest, depth);
      return made;
    };
    if (isSeq(node)) {
      const items = node.items.map((item) => child(item as Node));
      return [{ kind: "list", offset, items }, deepest + 1];
    }
    if (!isMap(node)) return [{ kind: "scalar", offset, value: null }, 0];
    const entries = new Map<string, YamlEntry>();
    for (const { key, value } of (node as YAMLMap<Node, Node | null>).items) {
      const at = key === null ? offset : offsetOf(key);
      const name = isScalar(key) ? keyText(key.value) : undefined;
      const made: YamlNode = value === null
        ? { kind: "scalar", offset: at, value: null }
        : child(value);
      if (name === undefined) problems.push(unsupported("a key is no text", at));
      else if (entries.has(name)) {
        problems.push(corrupt(`the key ${shown(name)} is there twice`, at));
      } else entries.set(name, { key: name, offset: at, node: made });
    }
    return [{ kind: "map", offset, entries: [...entries.values()] }, deepest + 1];
  }

  function keyText(value: unknown): string | undefined {
    if (typeof value === "string") return value;
    return numberKeys && Number.isSafeInteger(value) ? String(value) : undefined;
  }

  try {
    return convert(contents)[0];
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    problems.push(error.problem);
  }
}

class Stop extends Error {
  readonly problem: YamlProblem;

  constructor(problem: YamlProblem) {
    super(problem.state);
    this.problem = problem;
  }
}

/** Whether JavaScript does not have a number as it is written. */
function isInexact({ value, source = "" }: Scalar): boolean {
  if (typeof value !== "number" || /^[-+]?\.(?:inf|nan)$/i.test(source)) return false;
  return /^0[ox]/.test(source)
    ? BigInt(source) !== BigInt(value)
    : exactNumber(source) === "inexact";
}

function corrupt(state: string, offset: number): YamlProblem {
  return { code: "Corrupt", state, offset };
}

function unsupported(state: string, offset: number): YamlProblem {
  return { code: "Unsupported", state, offset };
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

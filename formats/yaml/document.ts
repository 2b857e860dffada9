// A YAML 1.2 document as a tree with offsets, and all of its problems.
import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, Parser } from "npm:yaml@^2.9";
import type { CST, Document, Node, Scalar, YAMLMap } from "npm:yaml@^2.9";
import { shown } from "../../core/naming/names.ts";
import { exactNumber } from "../../core/text/exact_number.ts";

/** A node with its offset in characters. Aliases share the node of their anchor. */
export type YamlNode =
  | { kind: "map"; offset: number; entries: YamlEntry[] }
  | { kind: "list"; offset: number; items: YamlNode[] }
  | {
    kind: "scalar";
    offset: number;
    value: null | boolean | number | string;
    /** How a number or flag is written, such as `3.10`. @default as `String` writes it */
    text?: string;
  };

/** A key and its value; the offset is that of the key. */
interface YamlEntry {
  key: string;
  offset: number;
  node: YamlNode;
}

/** A problem in a text: its kind, description and offset. */
export interface YamlProblem {
  readonly code: "Corrupt" | "Unsupported";
  readonly state: string;
  readonly offset: number;
}

interface YamlDocumentOptions {
  /** Accepts integers as keys, as strings. @default false */
  numberKeys?: boolean;
  /** Resolves scalars in another way than YAML 1.2, and accepts unknown tags. */
  resolve?: (scalar: YamlScalar) => null | boolean | number | string;
}

/** A scalar that is not resolved yet. */
export interface YamlScalar {
  text: string;
  /** Without quotes or a block style. */
  isPlain: boolean;
  /** The explicit tag in full. */
  tag?: string;
}

interface YamlTree {
  /** Undefined for an empty or unreadable text. */
  root?: YamlNode;
  /** All problems in the order of the text, but of its syntax only the first. */
  problems: YamlProblem[];
}

export const SCHEMA = { version: "1.2", schema: "core" } as const;

/** Longest text, characters. */
const MAX_LENGTH = 16 * 1024 * 1024;
/** Maximum number of nodes of a document, counted again for each alias. */
const MAX_NODES = 2_000_000;

const MAX_ALIASES = 10_000;

/** Deepest nesting: the library recurses per level, and hangs if the stack overflows. */
export const MAX_DEPTH = 100;

/**
 * Characters that YAML does not allow; the library would read a lone carriage return as a letter.
 */
// deno-lint-ignore no-control-regex
const STRAY = /[\0-\x08\v\f\x0e-\x1f]|\r(?!\n)/;

const TAGS: ReadonlySet<string> = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`),
);

/** Parses a text. Never throws. */
export function parseYamlDocument(text: string, options: YamlDocumentOptions = {}): YamlTree {
  if (text.length > MAX_LENGTH) {
    const state = `it has ${text.length} characters, ${MAX_LENGTH} are allowed`;
    return { problems: [unsupported(state, 0)] };
  }
  const tokens = tokensOf(text);
  if (!Array.isArray(tokens)) return { problems: [tokens] };
  let document: Document.Parsed | undefined;
  let isBroken = false;
  const problems: YamlProblem[] = [];
  const composer = new Composer({ ...SCHEMA, uniqueKeys: false, strict: true, logLevel: "silent" });
  for (const next of composer.compose(tokens, false, text.length)) {
    if (document === undefined) document = next;
    else problems.push(unsupported("it has a second document", next.range[0]));
    const [error] = next.errors; // later ones are mostly consequences
    if (error !== undefined && !isBroken) problems.push(corrupt(error.message, error.pos[0]));
    isBroken ||= error !== undefined;
    const warnings = next.warnings.filter(({ code }) => code !== "TAG_RESOLVE_FAILED");
    for (const { message, pos } of warnings) problems.push(corrupt(message, pos[0]));
  }
  if (document?.contents === undefined || document.contents === null) return { problems };
  const { version, explicit } = document.directives.yaml;
  if (explicit && version !== "1.2") {
    problems.push(unsupported(`its version is YAML ${version}`, 0));
  }
  const root = treeOf(document.contents, problems, options);
  return { root, problems: problems.sort((a, b) => a.offset - b.offset) };
}

function tokensOf(text: string): CST.Token[] | YamlProblem {
  const stray = text.search(STRAY);
  if (stray >= 0) return corrupt(`unescaped control character ${shown(text[stray])}`, stray);
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let aliases = 0;
  for (const lexeme of new Lexer().lex(text)) {
    const at = parser.offset;
    tokens.push(...parser.next(lexeme));
    if (lexeme[0] === "*" && ++aliases > MAX_ALIASES) {
      return unsupported(`more than ${MAX_ALIASES} aliases`, at);
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
  { numberKeys = false, resolve }: YamlDocumentOptions,
): YamlNode | undefined {
  const anchors = new Map<string, { node: YamlNode; count: number; depth: number }>();
  let count = 0; // nodes so far, including those of aliases

  function convert(node: Node): [YamlNode, number] {
    const before = count++;
    const offset = offsetOf(node);
    if (isAlias(node)) {
      const anchored = anchors.get(node.source); // absent within itself
      if (anchored === undefined) {
        problems.push(corrupt(`alias *${node.source} has no anchor before it`, offset));
      }
      count += anchored?.count ?? 0;
      if (count > MAX_NODES) {
        throw new Stop(unsupported(`its aliases expand to more than ${MAX_NODES} values`, offset));
      }
      return [anchored?.node ?? { kind: "scalar", offset, value: null }, anchored?.depth ?? 0];
    }
    if (node.tag !== undefined && !TAGS.has(node.tag) && resolve === undefined) {
      problems.push(unsupported(`unsupported tag ${shown(node.tag)}`, offset));
    }
    const [converted, depth] = convertOwn(node, offset);
    if (depth > MAX_DEPTH) throw new Stop(tooDeep(offset));
    const { anchor } = node as { anchor?: string };
    if (anchor) anchors.set(anchor, { node: converted, count: count - before, depth });
    return [converted, depth];
  }

  function convertOwn(node: Node, offset: number): [YamlNode, number] {
    if (isScalar(node)) return [convertScalar(node, offset), 0];
    let deepest = 0;
    const child = (node: Node) => {
      const [converted, depth] = convert(node);
      deepest = Math.max(deepest, depth);
      return converted;
    };
    if (isSeq(node)) {
      const items = node.items.map((item) => child(item as Node));
      return [{ kind: "list", offset, items }, deepest + 1];
    }
    if (!isMap(node)) return [{ kind: "scalar", offset, value: null }, 0];
    const entries = new Map<string, YamlEntry>();
    for (const { key, value } of (node as YAMLMap<Node, Node | null>).items) {
      const at = key === null ? offset : offsetOf(key);
      const name = isScalar(key) && (numberKeys || !isMergeKey(key)) ? keyText(key) : undefined;
      const valueNode: YamlNode = value === null
        ? { kind: "scalar", offset: at, value: null }
        : child(value);
      if (name === undefined) problems.push(unsupported("a key is not a string, or is `<<`", at));
      else if (entries.has(name)) {
        problems.push(corrupt(`duplicate key ${shown(name)}`, at));
      } else entries.set(name, { key: name, offset: at, node: valueNode });
    }
    return [{ kind: "map", offset, entries: [...entries.values()] }, deepest + 1];
  }

  function convertScalar(node: Scalar, offset: number): YamlNode {
    if (resolve === undefined && isInexact(node)) {
      problems.push(unsupported(`${shown(node.source)} exceeds a 64-bit number`, offset));
    }
    const scalar = scalarOf(node);
    const { text } = scalar;
    const value = resolve === undefined ? node.value ?? null : resolve(scalar);
    const isOwn = (typeof value === "number" || typeof value === "boolean") &&
      text !== String(value);
    return { kind: "scalar", offset, value: value as string, ...isOwn && { text } };
  }

  function keyText(key: Scalar): string | undefined {
    const { value } = key;
    if (resolve !== undefined) return scalarOf(key).text;
    if (typeof value === "string") return value;
    return numberKeys && Number.isSafeInteger(value) ? scalarOf(key).text : undefined;
  }

  try {
    return convert(contents)[0];
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    problems.push(error.problem);
  }
}

/** True for a merge key of YAML 1.1. Configurations, with number keys, have an error for it. */
function isMergeKey(key: Scalar): boolean {
  return key.source === "<<" && scalarOf(key).isPlain && key.tag === undefined;
}

function scalarOf({ type, source, value, tag }: Scalar): YamlScalar {
  const isPlain = type === "PLAIN" || type === undefined;
  const text = source ?? (isPlain ? "" : String(value));
  return { text, isPlain, ...tag !== undefined && { tag } };
}

class Stop extends Error {
  readonly problem: YamlProblem;

  constructor(problem: YamlProblem) {
    super(problem.state);
    this.problem = problem;
  }
}

/** Returns true if JavaScript cannot represent a number as it is written. */
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

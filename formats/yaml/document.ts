// A document of YAML 1.2 as a tree whose nodes know where they stand: for files that people write,
// and that have mistakes to be told, all at once.
import { Composer, isAlias, isMap, isScalar, isSeq, Parser } from "npm:yaml@^2.9";
import type { CST, Document, Node, YAMLMap } from "npm:yaml@^2.9";
import { shown } from "../../core/naming/names.ts";
import {
  corrupt,
  numberProblem,
  offsetOf,
  SCHEMA,
  tagProblem,
  unsupported,
} from "./node_problem.ts";
import { strayProblem, tokenProblem } from "./text_problem.ts";
import type { YamlProblem, YamlToken } from "./text_problem.ts";
import { parseUsualYaml } from "./usual_yaml.ts";
import type { YamlEntry, YamlNode } from "./yaml_node.ts";

export type { YamlProblem } from "./text_problem.ts";
export type { YamlEntry, YamlNode } from "./yaml_node.ts";

/** Options of {@linkcode parseYamlDocument}. */
export interface YamlDocumentOptions {
  /** No text has more characters. @default 16777216 (16 Mi) */
  maxLength?: number;
  /** No text has more aliases. @default 100 */
  maxAliasCount?: number;
  /** No document has more nodes, counted as often as aliases repeat them. @default 2000000 */
  maxNodes?: number;
  /** Whether a text that is written as most are is read without the library. @default true */
  isUsual?: boolean;
}

/** What was read of a text: the tree as far as there is one, and what is wrong with it. */
export interface YamlTree {
  /** The value; undefined where the text has none, or cannot be read at all. */
  root?: YamlNode;
  /** What is wrong, in the order of the text: of its syntax the first, of what it says all. */
  problems: YamlProblem[];
}

/** Reads a text. Never throws. */
export function parseYamlDocument(text: string, options: YamlDocumentOptions = {}): YamlTree {
  const {
    maxLength = 16 * 1024 * 1024,
    maxAliasCount = 100,
    maxNodes = 2_000_000,
    isUsual = true,
  } = options;
  if (text.length > maxLength) {
    return {
      problems: [unsupported(`it has ${text.length} characters, ${maxLength} are allowed`, 0)],
    };
  }
  const usual = isUsual ? parseUsualYaml(text) : undefined;
  if (usual !== undefined) return { root: usual, problems: [] };
  const stray = strayProblem(text);
  if (stray !== undefined) return { problems: [stray] };
  const tokens: CST.Token[] = [];
  for (const token of new Parser().parse(text)) {
    const problem = tokenProblem(token as YamlToken, maxAliasCount);
    if (problem !== undefined) return { problems: [problem] };
    tokens.push(token);
  }
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
    const warnings = next.warnings.filter(({ code }) => code !== "TAG_RESOLVE_FAILED"); // tags are looked at below
    for (const { message, pos } of warnings) problems.push(corrupt(message, pos[0]));
  }
  if (document?.contents === undefined || document.contents === null) return { problems };
  const { version, explicit } = document.directives.yaml;
  if (explicit && version !== "1.2") problems.push(unsupported(`it is YAML ${version}`, 0));
  const root = treeOf(document.contents, problems, maxNodes);
  return { root, problems: problems.sort((a, b) => a.offset - b.offset) };
}

function treeOf(contents: Node, problems: YamlProblem[], maxNodes: number): YamlNode | undefined {
  const anchors = new Map<string, { node: YamlNode; count: number }>();
  let count = 0; // nodes so far, those behind aliases each time

  function convert(node: Node): YamlNode {
    const before = count++;
    const offset = offsetOf(node);
    if (isAlias(node)) {
      const found = anchors.get(node.source); // not there yet within itself
      if (found === undefined) {
        problems.push(corrupt(`there is no anchor &${node.source} before this alias`, offset));
      }
      count += found?.count ?? 0;
      if (count > maxNodes) throw new TooMany(offset);
      return found?.node ?? { kind: "scalar", offset, value: null };
    }
    const tag = tagProblem(node);
    if (tag !== undefined) problems.push(tag);
    const made = convertOwn(node, offset);
    const { anchor } = node as { anchor?: string };
    if (anchor) anchors.set(anchor, { node: made, count: count - before });
    return made;
  }

  function convertOwn(node: Node, offset: number): YamlNode {
    if (isMap(node)) {
      return {
        kind: "map",
        offset,
        entries: convertEntries(node as YAMLMap<Node, Node | null>, offset),
      };
    }
    if (isSeq(node)) {
      return {
        kind: "list",
        offset,
        items: node.items.map((item) => convert(item as Node)),
      };
    }
    if (!isScalar(node)) return { kind: "scalar", offset, value: null };
    const number = numberProblem(node);
    if (number !== undefined) problems.push(number);
    const { value } = node;
    return { kind: "scalar", offset, value: value === undefined ? null : value as string };
  }

  function convertEntries(map: YAMLMap<Node, Node | null>, offset: number): YamlEntry[] {
    const entries = new Map<string, YamlEntry>();
    for (const { key, value } of map.items) {
      const at = key === null ? offset : offsetOf(key);
      const name = isScalar(key) ? keyText(key.value) : undefined;
      const node: YamlNode = value === null
        ? { kind: "scalar", offset: at, value: null }
        : convert(value);
      if (name === undefined) problems.push(unsupported("a key is no text", at));
      else if (entries.has(name)) {
        problems.push(corrupt(`the key ${shown(name)} is there twice`, at));
      } else entries.set(name, { key: name, offset: at, node });
    }
    return [...entries.values()];
  }

  try {
    return convert(contents);
  } catch (error) {
    if (!(error instanceof TooMany)) throw error;
    problems.push(unsupported(`its aliases make more than ${maxNodes} values of it`, error.offset));
  }
}

/** Thrown out of the tree, where it grows too large. */
class TooMany extends Error {
  readonly offset: number;

  constructor(offset: number) {
    super("Too many nodes");
    this.offset = offset;
  }
}

/** Keys are texts; a whole number, `1: …`, is taken as it reads. */
function keyText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return Number.isSafeInteger(value) ? String(value) : undefined;
}

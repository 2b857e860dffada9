// Markdown as tokens. Its HTML stays text, but `<details>` folds what it contains.
import MarkdownIt from "npm:markdown-it@^14";

/** A piece of a document: an opening, a closing, or content. */
export interface Token {
  type: string;
  tag: string;
  /** 1 opens an element, -1 closes it, 0 stands alone. */
  nesting: 1 | 0 | -1;
  content: string;
  /** The words after the fence of a code block. */
  info: string;
  /** True for the paragraphs of a list without gaps. */
  hidden: boolean;
  children: Token[] | null;
  attrGet(name: string): string | null;
}

const parser = new MarkdownIt({ html: false, linkify: true });
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false }); // only addresses with a scheme
parser.block.ruler.before("paragraph", "details", addDetails, { alt: ["paragraph", "list"] });

const OPENING = /^<details(?: open)?>\s*(?:<summary>(.*?)<\/summary>)?\s*$/i;
const SUMMARY = /^<summary>(.*?)<\/summary>\s*$/i;
const CLOSING = /^<\/details>\s*$/i;
/** Longer parts are not folded: each beginning is searched for its end. */
const MAX_LINES = 1000;
const MAX_TRIES = 500;

interface BlockState {
  readonly src: string;
  readonly bMarks: readonly number[];
  readonly tShift: readonly number[];
  readonly eMarks: readonly number[];
  readonly level: number;
  readonly env: { tries?: number };
  readonly md: {
    block: { tokenize(state: BlockState, from: number, to: number): void };
    options: { maxNesting?: number };
  };
  line: number;
  lineMax: number;
  push(type: string, tag: string, nesting: 1 | 0 | -1): Token & { map: unknown };
}

function lineAt({ src, bMarks, tShift, eMarks }: BlockState, line: number): string {
  return src.slice((bMarks[line] ?? 0) + (tShift[line] ?? 0), eMarks[line]);
}

/** Returns the line that ends what begins at a line; undefined if none does. */
function closingLine(state: BlockState, from: number, last: number): number | undefined {
  let depth = 1;
  for (let at = from + 1; at < Math.min(last, from + MAX_LINES); at++) {
    const line = lineAt(state, at);
    if (!line.startsWith("<")) continue;
    if (OPENING.test(line)) depth++;
    else if (CLOSING.test(line) && --depth === 0) return at;
  }
}

/** Returns the beginning of a part to fold, unless the document has too many. */
function openingAt(state: BlockState, from: number): RegExpExecArray | null {
  const line = lineAt(state, from);
  const opening = line.startsWith("<") ? OPENING.exec(line) : null;
  if (opening === null) return null;
  const { env, level, md } = state;
  env.tries = (env.tries ?? 0) + 1;
  return env.tries > MAX_TRIES || level >= (md.options.maxNesting ?? 100) ? null : opening;
}

/** Adds the lines between `<details>` and its end, which may contain others. */
function addDetails(
  state: BlockState,
  from: number,
  last: number,
  isSilent: boolean,
): boolean {
  const opening = openingAt(state, from);
  const end = opening === null ? undefined : closingLine(state, from, last);
  if (opening === null || end === undefined) return false;
  if (isSilent) return true;
  const [, beside] = opening;
  const [, below] = SUMMARY.exec(lineAt(state, from + 1)) ?? [];
  state.push("details_open", "details", 1);
  state.push("summary_open", "summary", 1);
  const content = beside ?? below ?? "Details";
  Object.assign(state.push("inline", "", 0), { content, children: [], map: [from, from] });
  state.push("summary_close", "summary", -1);
  const { lineMax } = state;
  state.lineMax = end;
  const hasLine = beside === undefined && below !== undefined;
  state.md.block.tokenize(state, from + (hasLine ? 2 : 1), end);
  state.lineMax = lineMax;
  state.push("details_close", "details", -1);
  state.line = end + 1;
  return true;
}

/** A document, and its footnotes by name, in the order of their definitions. */
export interface ParsedMarkdown {
  readonly tokens: readonly Token[];
  readonly notes: ReadonlyMap<string, readonly Token[]>;
}

const NOTE = /^\[\^([^\s\]]{1,100})\]:[ \t]+(.+)$/;
const FENCE = /^ {0,3}(```|~~~)/;

/** Parses a document with footnotes: lines such as `[^1]: text`. */
export function parseDocument(text: string): ParsedMarkdown {
  const notes = new Map<string, readonly Token[]>();
  let fence: string | undefined;
  const body = text.split("\n").filter((line) => {
    const [, mark] = FENCE.exec(line) ?? [];
    if (mark !== undefined && (fence === undefined || fence === mark)) {
      fence = fence === undefined ? mark : undefined;
    }
    const [, name, note] = fence === undefined ? NOTE.exec(line) ?? [] : [];
    if (name === undefined || note === undefined || notes.has(name)) return true;
    notes.set(name, parser.parseInline(note, {}) as Token[]);
    return false;
  });
  return { tokens: parseMarkdown(body.join("\n")), notes };
}

function parseMarkdown(text: string): Token[] {
  return parser.parse(text, {}) as Token[];
}

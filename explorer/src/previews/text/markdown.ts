// Markdown as tokens. Its HTML stays text.
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

const parser = new MarkdownIt({ html: false, linkify: false });

export function parseMarkdown(text: string): Token[] {
  return parser.parse(text, {}) as Token[];
}

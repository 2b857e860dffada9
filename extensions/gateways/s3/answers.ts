// The XML of answers.
import { Answer } from "../../../apps/gateways.ts";

/** An element as text. */
export type Element = string & { readonly isElement: true };

/** Writes an element, with escaped text or other elements in it. */
export function element(name: string, content: string | readonly Element[] = ""): Element {
  const inner = typeof content === "string" ? escaped(content) : content.join("");
  return `<${name}>${inner}</${name}>` as Element;
}

/** Writes an element for each value that is defined. */
export function elements(values: Readonly<Record<string, string | number | boolean | undefined>>) {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : element(name, String(value))
  );
}

// deno-lint-ignore no-control-regex
const SPECIAL = /[&<>"\u0000-\u001f\u007f-\u009f\ufffe\uffff]/g;

/** Entities that clients replace without a parser of XML: DuckDB does in ETags. */
const NAMED: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** Escapes what XML gives a meaning, and control characters, as S3 does. */
function escaped(text: string): string {
  return text.toWellFormed()
    .replace(SPECIAL, (char) => NAMED[char] ?? `&#x${char.charCodeAt(0).toString(16)};`);
}

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** Returns an answer with an element as its document; errors have no namespace. */
export function xmlAnswer(
  root: Element | null,
  { status = 200, headers = {} }: Partial<Pick<Answer, "status" | "headers">> = {},
): Answer {
  const named = status < 400 ? root?.replace(/>|\/>/, (end) => ` ${NAMESPACE}${end}`) : root;
  const body = root === null ? null : `<?xml version="1.0" encoding="UTF-8"?>\n${named}\n`;
  return new Answer(body, {
    status,
    headers: { "cache-control": "no-cache", "content-type": "application/xml", ...headers },
  });
}

/** Returns the ETag of a file: its SHA-256 in quotes. */
export function etagOf({ sha256 }: { sha256: string }): string {
  return `"${sha256}"`;
}

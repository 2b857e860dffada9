// The command line as bash has it, and candidates as bash must insert them. bash inserts a candidate
// as it is, so an unquoted name could run a command.
import { itemAt } from "../../../core/faults/present.ts";
import { hasHidden } from "../../../core/naming/printable.ts";
import { bytesOf } from "../../../core/text/shell_word.ts";

/** A typed line. */
export interface BashLine {
  /** All words without quotes. The last one is being typed and may be empty. */
  words: string[];
  /** The quote that is open at the end. */
  quote: Quote;
  /** Length of the beginning of the last word, without quotes, that bash keeps. */
  keptLength: number;
}

type Quote = "" | "'" | '"';

/** Escapes of `$'…'` that mean another character. */
const ANSI_C: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  v: "\v",
};

/**
 * Parses a line up to the cursor. Returns undefined if the word being typed has an expansion, an
 * operator or closed quotes: bash would insert a candidate in an unclear place.
 *
 * @param breaks the characters at which bash splits words: `COMP_WORDBREAKS`
 */
export function parseBashLine(line: string, breaks: string): BashLine | undefined {
  const words: string[] = [];
  let word: TypedWord | undefined;
  for (let at = 0; at < line.length;) {
    const rest = line.slice(at);
    const [blank] = /^[ \t\n]+/.exec(rest) ?? [];
    if (blank !== undefined) {
      if (word !== undefined) words.push(word.text);
      word = undefined;
      at += blank.length;
      continue;
    }
    word ??= { text: "", quote: "", keptLength: 0, isUnclear: false };
    at += takePart(word, rest, breaks);
  }
  if (word?.isUnclear) return undefined;
  const { text = "", quote = "", keptLength = 0 } = word ?? {};
  return { words: [...words, text], quote, keptLength };
}

interface TypedWord {
  text: string;
  quote: Quote;
  keptLength: number;
  isUnclear: boolean;
}

/** Appends a character or a quoted part to a word. Returns the length of what it took. */
function takePart(word: TypedWord, rest: string, breaks: string): number {
  const [quoted, opening] = /^(\$'|\$"|'|")/.exec(rest) ?? [];
  if (opening !== undefined && quoted !== undefined) return takeQuoted(word, rest, opening);
  const char = itemAt(rest, 0);
  if (char === "\\") {
    if (rest[1] !== undefined && rest[1] !== "\n") word.text += rest[1];
    return 2;
  }
  if (/[`()<>;|&]/.test(char) || /^\$[({]/.test(rest)) word.isUnclear = true;
  word.text += char;
  if (breaks.includes(char)) {
    word.keptLength = word.text.length - (char === "@" ? 1 : 0); // bash does not split after an @
    if (/\$/.test(word.text)) word.isUnclear = true;
  }
  return 1;
}

function takeQuoted(word: TypedWord, rest: string, opening: string): number {
  const isAnsiC = opening === "$'";
  const quote = opening.at(-1) as "'" | '"';
  word.keptLength = word.text.length;
  for (let at = opening.length; at < rest.length; at++) {
    const char = itemAt(rest, at);
    if (char === quote) {
      word.isUnclear = true;
      return at + 1;
    }
    if (char === "\\" && isAnsiC) {
      const [escapes = rest.slice(at, at + 2)] = BYTES.exec(rest.slice(at)) ?? [];
      word.text += textOf(escapes);
      at += escapes.length - 1;
    } else if (char === "\\" && quote === '"' && /["\\$`]/.test(rest[at + 1] ?? "")) {
      word.text += rest[++at];
    } else word.text += char;
  }
  word.quote = quote;
  if (opening.startsWith("$")) word.isUnclear = true;
  return rest.length;
}

const BYTES = /^(\\x[0-9A-Fa-f]{1,2})+/;

/** Returns the text of one escape of `$'…'`, or of a series of bytes. */
function textOf(escapes: string): string {
  if (!BYTES.test(escapes)) return ANSI_C[escapes.slice(1)] ?? escapes.slice(1);
  const bytes = escapes.split("\\x").slice(1).map((byte) => parseInt(byte, 16));
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

/** Characters that bash never expands, splits at or removes. */
const PLAIN = /[\p{L}\p{M}\p{N}_@%+:,./=-]/u;

/**
 * Returns a candidate for the word being typed as bash must insert it; undefined if the open quote
 * cannot contain it.
 */
export function quotedForBash(
  candidate: string,
  { quote, keptLength }: Pick<BashLine, "quote" | "keptLength">,
): string | undefined {
  const rest = candidate.slice(keptLength);
  if (quote === "") return Array.from(rest, quotedChar).join("");
  if (hasHidden(rest)) return undefined;
  if (quote === "'") return rest.replaceAll("'", `'\\''`);
  return rest.includes("!") ? undefined : rest.replace(/["\\$`]/g, "\\$&"); // `\!` keeps the \
}

function quotedChar(char: string): string {
  if (PLAIN.test(char)) return char;
  return hasHidden(char) ? `$'${bytesOf(char)}'` : `\\${char}`;
}

// Characters that a terminal or a page obeys instead of showing them: controls, and those that
// change the direction of the text around them.
const HIDDEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
const EACH = new RegExp(HIDDEN, "gu");

export function hasHidden(text: string): boolean {
  return HIDDEN.test(text);
}

/** Replaces hidden characters by spaces. */
export function withoutHidden(text: string): string {
  return text.replace(EACH, " ");
}

/** Escapes hidden characters: `\x1b`, `\u202e`. */
export function printable(text: string): string {
  return text.replace(EACH, (char) => {
    const code = char.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** Returns JSON whose hidden characters are escaped too. */
export function printableJson(value: unknown): string {
  return (JSON.stringify(value) ?? "null").replace(
    EACH,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

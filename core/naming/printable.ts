// Characters that a terminal or a page obeys instead of showing them: controls, and those that
// change the direction of the text around them. And characters without a shape, with which a name
// looks like another one. Joiners shape letters outside of ASCII, and emoji.
const CONTROLS = /\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069/u.source;
const SHAPELESS = /\u00ad\u115f\u1160\u180e\u200b\u2060-\u2064\u3164\ufeff\uffa0/u.source;
const JOINERS = /(?<![^\p{ASCII}])[\u200c\u200d]|[\u200c\u200d](?![^\p{ASCII}])/u.source;
const HIDDEN = new RegExp(`[${CONTROLS}${SHAPELESS}]|${JOINERS}`, "u");
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
  return escapedHidden(JSON.stringify(value) ?? "null");
}

/** Escapes hidden characters as JSON does: `\u001b`. */
export function escapedHidden(text: string): string {
  return text.replace(EACH, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

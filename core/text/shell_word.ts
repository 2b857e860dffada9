// Texts as words of a shell, in commands that people copy.
import { hasHidden } from "../naming/printable.ts";

/**
 * Returns a text as one word: no shell expands it, runs a part of it or reads it as several. Hidden
 * characters need bash, zsh or ksh.
 */
export function shellWord(text: string): string {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text)) return text;
  return hasHidden(text) ? `$'${ansiC(text)}'` : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Returns a text as the inside of `$'…'`. */
function ansiC(text: string): string {
  return Array.from(text, (char) => {
    if (char === "'" || char === "\\") return `\\${char}`;
    return hasHidden(char) ? bytesOf(char) : char;
  }).join("");
}

/** Returns the bytes of a character for the inside of `$'…'`: `\x1b`. */
export function bytesOf(char: string): string {
  const bytes = new TextEncoder().encode(char);
  return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}

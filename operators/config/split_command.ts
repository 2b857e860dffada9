// Splits a command that is written as one string.
export type SplitCommand = { words: string[] } | { problem: string; hint: string };

/** Splits at spaces, with quotes as in a shell. Refuses other syntax of shells. */
export function splitCommand(text: string): SplitCommand {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '"' || char === "'") {
      const end = closing(text, at);
      if (end < 0) {
        return { problem: `the quote ${char} does not end`, hint: "Close it, or write a list." };
      }
      const inside = text.slice(at + 1, end);
      word = (word ?? "") + (char === '"' ? inside.replace(/\\(["\\])/g, "$1") : inside);
      at = end;
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (/[|&;<>`$*?()]/.test(char)) {
      return {
        problem: `${char} has a meaning in a shell, and no shell is used`,
        hint: 'Quote it, or run a shell: [sh, -c, "…"].',
      };
    } else if (char === "\\") {
      return { problem: "a backslash outside of quotes", hint: "Quote the word, or write a list." };
    } else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  return words.length > 0
    ? { words }
    : { problem: "the command is empty", hint: "Write a program and its arguments." };
}

/** Returns the position of the closing quote; -1 if there is none. */
function closing(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\" && text[start] === '"') at++;
    else if (text[at] === text[start]) return at;
  }
  return -1;
}

/**
 * Words for a shell.
 *
 * @module
 */

/** A word that a POSIX shell takes as it is, whatever is in it. */
export function shellWord(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command line that a POSIX shell takes apart into these words. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

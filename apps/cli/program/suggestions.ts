// Words of other tools that mean commands of this program, for hints about wrong lines.

/**
 * The words that mean commands of the program, or of an extension.
 *
 * @internal
 */
export interface Suggestions {
  /** Commands that change nothing: only these are suggested for another word. */
  readonly reading?: readonly string[];
  /** Options with which such a command does write: a file, or a repair. */
  readonly writingOptions?: readonly string[];
  /**
   * Commands, and words that mean them. `a | b`: the first that takes what was typed, and those of
   * extensions last. `$1`: the only typed argument. One with `<…>` or `[…]` is shown, but not to
   * paste.
   */
  readonly commands?: readonly (readonly [command: string, words: string])[];
  /** Words before the command of another tool: its name, or a word for artifacts. */
  readonly prefixes?: readonly string[];
  /**
   * Options of other tools: the commands (`*`: all), what does the same, and the options. `<ref>`:
   * pass that argument. Nothing: it has no effect here.
   */
  readonly options?: readonly (readonly [of: string, is: string, typed: string])[];
  /**
   * Arguments in another order than a command takes them: the commands, the kinds of the words, and
   * the right order. `$1n` is the name of a ref, `$1v` its version. A `name` is a `word` or `named`.
   */
  readonly orders?: readonly (readonly [of: string, kinds: string, order: string])[];
}

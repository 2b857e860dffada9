// Renaming names by their prefix: `--rename old=new`.
import { invalid } from "../terminal/hints.ts";

/** The option of commands that may copy versions under other names. */
export const RENAME_OPTION: {
  readonly flags: "--rename <old=new>";
  readonly text: string;
  parse(text: string): [from: string, to: string];
  readonly repeat: true;
} = {
  flags: "--rename <old=new>",
  text: "replace the prefix old of names with new; =team/ adds team/ to all names",
  parse(text: string): [from: string, to: string] {
    const at = text.indexOf("=");
    if (at >= 0) return [text.slice(0, at), text.slice(at + 1)];
    const hint = "Write the old prefix, =, and the new prefix: --rename my:=their:";
    throw invalid(`rename by ${JSON.stringify(text)}`, "it has no =", hint);
  },
  repeat: true,
};

/** Prefixes of names that others replace. */
export class Renamings {
  readonly #all: readonly (readonly [from: string, to: string])[];
  readonly #used = new Set<string>();

  constructor(all: readonly (readonly [from: string, to: string])[] = []) {
    this.#all = all;
  }

  /** Returns a name with the first prefix that it has replaced. */
  of(name: string): string {
    const [from = "", to = ""] = this.#all.find(([from]) => name.startsWith(from)) ?? [];
    this.#used.add(from);
    return to + name.slice(from.length);
  }

  /** Prints a note for each prefix that no name had. */
  async noteUnused(note: (text: string) => Promise<void>): Promise<void> {
    for (const [from] of this.#all) {
      if (!this.#used.has(from)) {
        await note(`No name to rename begins with ${JSON.stringify(from)}`);
      }
    }
  }
}

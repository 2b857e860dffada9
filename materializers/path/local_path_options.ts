// Options of {@linkcode localPath}.
import type { LeftOut } from "../../core/registry/left_out.ts";
import { invalid, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { checkOptions, type OptionNames } from "../../core/options/check_options.ts";

/** Options of `localPath`. */
export interface LocalPathOptions {
  /**
   * Handling of symbolic links: `keep` them with their target; `follow` them and save what they
   * point to; `skip` them; or `refuse` the folder.
   *
   * @default "keep"
   */
  links?: "keep" | "follow" | "skip" | "refuse";
  /** Handling of entries that this program may not read: `Denied`, or left out. @default "refuse" */
  unreadable?: "refuse" | "skip";
  /**
   * Handling of a folder without anything to save, such as the place of a disk that is not mounted.
   * @default "keep"
   */
  empty?: "keep" | "refuse";
  /**
   * Saves only paths that match a pattern, or lie in a folder that does. Patterns are those of
   * `.gitignore` (git-scm.com/docs/gitignore): `*.csv` anywhere, `/data` at the root, `raw/`
   * folders.
   *
   * @default everything
   */
  include?: string | readonly string[];
  /** Leaves out paths that match a pattern; `!` restores what a `.holdfastignore` leaves out. */
  exclude?: string | readonly string[];
  /** Applies each `.gitignore` in the folder, but not those above it. @default false */
  gitignore?: boolean;
  /**
   * Includes `.git`, registries, and paths that match a `.holdfastignore` in the folder or below.
   * @default false
   */
  all?: boolean;
  /** Stores modification times of files, links and folders, which the digest covers. @default [] */
  preserve?: readonly "times"[];
  /**
   * Reads all files. Without it, a save does not read files that the last save of the name had
   * on this machine if their inode, size, modification and change time are still the same. Files
   * that changed less than a minute before that save, or are not on a disk of this machine, are
   * always read. @default false
   */
  readAll?: boolean;
  /**
   * Returns true for files whose content may be saved. It is called once a file is open, with its
   * path without links, so that a folder that another program replaces meanwhile leads to no other
   * file. A file that is not allowed is a `Conflict`.
   *
   * @default all
   */
  allows?: (path: string) => boolean;
  /** Called for each entry that is left out, and again if the folder is read again. */
  onLeftOut?: (entry: LeftOut) => void;
}

const WORDS = {
  links: ["keep", "follow", "skip", "refuse"],
  unreadable: ["refuse", "skip"],
  empty: ["keep", "refuse"],
} as const;

const PRESERVED: readonly unknown[] = ["times"];

const OPTIONS: OptionNames<LocalPathOptions> = {
  links: true,
  unreadable: true,
  empty: true,
  include: true,
  exclude: true,
  gitignore: true,
  all: true,
  preserve: true,
  readAll: true,
  allows: true,
  onLeftOut: true,
};

/** Returns the options as a plain object. Throws `Invalid` for an unknown option or value. */
export function checkLocalPathOptions(path: string, given: LocalPathOptions): LocalPathOptions {
  const options = checkOptions(`use ${shown(path)} as a local path`, given, OPTIONS);
  for (const [name, words] of Object.entries(WORDS)) {
    const word = options[name as keyof typeof WORDS];
    if (word !== undefined && words.every((each) => each !== word)) {
      throw unknownWord(path, name, word, words);
    }
  }
  const unknown = [options.preserve ?? []].flat().find((word) => !PRESERVED.includes(word));
  if (unknown !== undefined) throw unknownWord(path, "preserve", unknown, PRESERVED);
  return options;
}

function unknownWord(
  path: string,
  name: string,
  value: unknown,
  words: readonly unknown[],
): RegistryError {
  const state = `${name} ${shown(String(value))} is unknown`;
  const hint = `Use one of ${words.join(", ")}.`;
  return invalid("use", `${shown(path)} as a local path`, state, { hint });
}

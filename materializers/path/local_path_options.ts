// How the tree of a {@linkcode localPath} is taken.
import type { LeftOut } from "../../core/registry/left_out.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { checkOptions, type OptionNames } from "../../core/options/check_options.ts";

/** Options of `localPath`: what of a folder is saved, and how. */
export interface LocalPathOptions {
  /**
   * Symbolic links: `keep` them as links, with whatever text they have as their target; `follow` them, so that what
   * they lead to is saved in their place; `skip` them; or `refuse` the folder.
   *
   * @default "keep"
   */
  links?: "keep" | "follow" | "skip" | "refuse";
  /**
   * Pipes, sockets and devices: `skip` them, or `refuse` the folder. They are never opened.
   *
   * @default "skip"
   */
  special?: "skip" | "refuse";
  /**
   * Only what matches one of these patterns, or lies in a folder that does. Patterns are those of `.gitignore`
   * (git-scm.com/docs/gitignore): `*.csv` anywhere, `/data` at the root of the folder, `raw/` folders of this name.
   *
   * @default everything
   */
  include?: string | readonly string[];
  /** Not what matches one of these patterns; one with `!` before it brings back what a `.holdfastignore` leaves out. */
  exclude?: string | readonly string[];
  /** Leave out what a `.holdfastignore` in the folder, or in one below it, says, as a `.gitignore` would. @default true, false with `all` */
  ignoreFiles?: boolean;
  /** Do the same with each `.gitignore`; those above the folder are not looked at. @default false */
  gitignore?: boolean;
  /** Also the `.git` of a checkout, and registries in the folder, and what a `.holdfastignore` leaves out. @default false */
  all?: boolean;
  /**
   * What else is kept: `times`, when each file, link and folder in it was modified last. It is part of the digest.
   *
   * @default []
   */
  preserve?: readonly "times"[];
  /** Hears of what is left out; once more where the folder is read once more. */
  onLeftOut?: (entry: LeftOut) => void;
}

const WORDS = { links: ["keep", "follow", "skip", "refuse"], special: ["skip", "refuse"] } as const;

const PRESERVED: readonly unknown[] = ["times"];

const OPTIONS: OptionNames<LocalPathOptions> = {
  links: true,
  special: true,
  include: true,
  exclude: true,
  ignoreFiles: true,
  gitignore: true,
  all: true,
  preserve: true,
  onLeftOut: true,
};

/**
 * Throws `Invalid` for an option that is not known, and for a word that one does not know: a program in JavaScript, or a
 * cast, may have it. Returns the options as a plain object.
 */
export function checkLocalPathOptions(path: string, given: LocalPathOptions): LocalPathOptions {
  const options = checkOptions(`use ${shown(path)} as a local path`, given, OPTIONS);
  for (const [name, words] of Object.entries(WORDS)) {
    const given = options[name as keyof typeof WORDS];
    if (given !== undefined && words.every((word) => word !== given)) {
      throw unknownWord(path, name, given, words);
    }
  }
  const unknown = [options.preserve ?? []].flat().find((word) => !PRESERVED.includes(word));
  if (unknown !== undefined) throw unknownWord(path, "preserve", unknown, PRESERVED);
  return options;
}

function unknownWord(
  path: string,
  name: string,
  given: unknown,
  words: readonly unknown[],
): RegistryError {
  return fault({
    code: "Invalid",
    action: "use",
    subject: `${shown(path)} as a local path`,
    state: `${name} ${shown(String(given))} is unknown`,
    hint: `It is one of ${words.join(", ")}.`,
  });
}

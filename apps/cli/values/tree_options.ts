// The options for saving a folder.
import type { LocalPathOptions } from "../../../materializers/mod.ts";
import type { OptionDefinition } from "../program/command.ts";

/** Options of `localPath` that a program alone can give. */
type OfPrograms = "preserve" | "unreadable" | "empty" | "onLeftOut" | "allows";

export interface TreeFlags extends Omit<LocalPathOptions, OfPrograms> {
  preserve?: "times";
  skipUnreadable?: boolean;
}

export const TREE_OPTIONS = [
  {
    flags: "--links <action>",
    text: "symbolic links in a folder: keep as links (default), follow, skip or refuse",
    choices: ["keep", "follow", "skip", "refuse"],
  },
  {
    flags: "--skip-unreadable",
    text: "leave out files of a folder that cannot be read, and exit with 9",
  },
  {
    flags: "--include <pattern>",
    text: "save only matches, with .gitignore syntax: '*.csv', '/data', 'raw/'",
    repeat: true,
  },
  {
    flags: "--exclude <pattern>",
    text: "do not save matches; '!keep.bin' restores a file that .holdfastignore omits",
    repeat: true,
  },
  { flags: "--preserve <what>", text: "also save modification times", choices: ["times"] },
  {
    flags: "--read-all",
    text: "also read files whose size, inode and times are those of the last save",
  },
  { flags: "--gitignore", text: "apply each .gitignore in the folder" },
  { flags: "--all", text: "also save .git, registries, and what .holdfastignore files omit" },
] as const satisfies readonly OptionDefinition[];

export function treeOptionsOf(flags: TreeFlags): LocalPathOptions {
  const { links, include, exclude, gitignore, all, preserve, readAll, skipUnreadable } = flags;
  return {
    links,
    include,
    exclude,
    gitignore,
    all,
    readAll,
    unreadable: skipUnreadable ? "skip" : undefined,
    preserve: preserve === undefined ? undefined : [preserve],
  };
}

// The options that say what of a folder is saved.
import type { LocalPathOptions } from "../../../materializers/mod.ts";
import type { OptionDefinition } from "../program/command.ts";

export interface TreeFlags extends Omit<LocalPathOptions, "preserve" | "onLeftOut"> {
  /** What else is kept. */
  preserve?: "times";
}

/** As `localPath` takes them. */
export const TREE_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: "--links <action>",
    text:
      "symbolic links in a folder: keep them as links (default), follow them, skip or refuse them",
    choices: ["keep", "follow", "skip", "refuse"],
  },
  {
    flags: "--special <action>",
    text: "pipes, sockets and devices in a folder (default: skip)",
    choices: ["skip", "refuse"],
  },
  {
    flags: "--include <pattern>",
    text: "only what matches, as in a .gitignore: '*.csv', '/data', 'raw/'",
    repeat: true,
  },
  {
    flags: "--exclude <pattern>",
    text: "not what matches; '!keep.bin' brings back what a .holdfastignore leaves out",
    repeat: true,
  },
  {
    flags: "--preserve <what>",
    text: "keep when files, links and folders were modified, too",
    choices: ["times"],
  },
  { flags: "--gitignore", text: "leave out what each .gitignore in the folder says" },
  {
    flags: "--no-ignore-files",
    text: "do not leave out what each .holdfastignore in the folder says",
  },
  {
    flags: "--all",
    text: "also .git, registries in the folder, and what each .holdfastignore says",
  },
];

/** What {@linkcode TREE_OPTIONS} gave, for `localPath`. */
export function treeOptionsOf(flags: TreeFlags): LocalPathOptions {
  const { links, special, include, exclude, gitignore, ignoreFiles, all, preserve } = flags;
  return {
    ...{ links, special, include, exclude, gitignore, all },
    ignoreFiles: ignoreFiles === false ? false : undefined, // it is true where nothing is said
    preserve: preserve === undefined ? undefined : [preserve],
  };
}

/**
 * The options that say what of a folder is saved.
 *
 * @module
 */
import type { OptionDefinition } from "../program/command.ts";

/** As `localPath` takes them. */
export const TREE_OPTIONS: readonly OptionDefinition[] = [
  {
    flags: "--links <action>",
    text: "symbolic links in a folder: keep them as links (default), follow them, skip or refuse them",
    choices: ["keep", "follow", "skip", "refuse"],
  },
  {
    flags: "--special <action>",
    text: "pipes, sockets and devices in a folder (default: skip)",
    choices: ["skip", "refuse"],
  },
];

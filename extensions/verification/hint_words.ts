// Hints of the command line that verification brings, by reason.
import { commandReasons } from "../../apps/cli/program/extension.ts";
import type { Hints } from "../../registry/mod.ts";
import { shellWord } from "../../core/kernel.ts";
import { verificationReasons } from "./reasons.ts";

const REPAIR = "holdfast verify --repair-from MIRROR";

/** Hints of commands that find damage. */
const OF_COMMANDS = commandReasons.hints({
  records_damaged: ({ names }) => `See all problems: holdfast verify ${names}`,
  damage_seen: (_, hint) => ["See the damage: holdfast verify", hint].filter(Boolean).join(". "),
  objects_kept: (_, hint) => `${hint} List the damage: holdfast verify`,
  inputs_unknown: (_, hint) => `${hint}. See: holdfast verify`,
});

export const CLI_HINTS: Hints = {
  ...OF_COMMANDS,
  ...verificationReasons.hints({
    alias_damaged: ({ name, alias }) =>
      "Restore the object from a backup, or set the alias again: " +
      `holdfast alias ${shellWord(name)} ${shellWord(alias)} VERSION`,
    damaged: ({ finding }) =>
      `${finding} Repair it from a mirror: ${REPAIR}, or save the value again with --share none.`,
    object_unreadable:
      "Check the network and the store, then try again. If other versions can be " +
      `read, the object is damaged: ${REPAIR}`,
  }),
};

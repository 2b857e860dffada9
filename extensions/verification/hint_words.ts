// Hints of the command line that verification brings, by reason.
import { shellWord } from "../../core/kernel.ts";
import { verificationReasons } from "./reasons.ts";

const REPAIR = "holdfast verify --repair-from MIRROR";

export const CLI_HINTS = verificationReasons.hints({
  alias_damaged: ({ name, alias }) =>
    "Restore the object from a backup, or set the alias again: " +
    `holdfast alias ${shellWord(name)} ${shellWord(alias)} VERSION`,
  damaged: ({ finding }) =>
    `${finding} Repair it from a mirror: ${REPAIR}, or save the value again with --share none.`,
  object_unreadable: "Check the network and the store, then try again. If other versions can be " +
    `read, the object is damaged: ${REPAIR}`,
});

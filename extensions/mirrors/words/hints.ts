// Hints of the command line that mirrors bring, by reason.
import { shellWord } from "../../../core/kernel.ts";
import { mirrorReasons } from "./reasons.ts";

export const CLI_HINTS = mirrorReasons.hints({
  mirror_target_taken: "Mirror the name under another one (--rename), or leave the version out " +
    "(--range).",
  mirror_target_protected: ({ location, pattern }) =>
    "Remove the rule of the target if the version may go: " +
    `holdfast -r ${shellWord(location)} rules rm ${shellWord(pattern)}`,
  mirror_target_differs: "Delete it yourself if it is not needed, or add --no-deleted.",
  mirror_member_missing: ({ name }) =>
    `Mirror the member first, under its own name: holdfast mirror FROM TO ${shellWord(name)}`,
  mirror_unversioned: "See the flag --unversioned of: holdfast init.",
  grace_too_short: "To free space now, run `holdfast gc --now` while nothing else uses the " +
    "registry. For a shorter grace period, mirror the registry into a new one.",
});

// Hints of the command line that mirrors bring, by reason.
import { commandReasons } from "../../../apps/cli/program/extension.ts";
import type { Hints } from "../../../registry/mod.ts";
import { shellWord } from "../../../core/kernel.ts";
import { mirrorReasons } from "./reasons.ts";

/** Hints of commands that a mirror helps with. */
const OF_COMMANDS = commandReasons.hints({
  disk_full: (_, hint) => `${hint} Or move it to a larger disk: holdfast mirror`,
  disk_unsafe: (_, hint) => hint.replace(/\.$/, ": holdfast mirror."),
  target_is_url: (_, hint) =>
    `${hint} A registry in a bucket is copied by: holdfast mirror FROM TO`,
  two_registries: ({ one, two }) =>
    "Pass one. To copy versions from one to the other: " +
    `holdfast mirror ${shellWord(one)} ${shellWord(two)} NAME`,
  input_elsewhere: ({ from, origin }) =>
    `An input must be in the registry that you save to. Copy it: holdfast mirror ${from}, ` +
    `or keep its origin as metadata: -m ${shellWord(`from=${origin}`)}`,
});

export const CLI_HINTS: Hints = {
  ...OF_COMMANDS,
  ...mirrorReasons.hints({
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
  }),
};

// Reasons of errors and notes of commands, whose hints extensions may complete.
import { defineReasons, type Hints, type Reasons } from "../../../core/hints/reasons.ts";
import { shellWord } from "../../../core/text/shell_word.ts";

const NAMES = {
  records_damaged: ["names"],
  damage_seen: [],
  objects_kept: [],
  inputs_unknown: [],
  space_needed: [],
  disk_full: [],
  disk_unsafe: [],
  target_is_url: [],
  two_registries: ["one", "two"],
  input_elsewhere: ["from", "origin"],
} as const;

/** @internal */
type Names = typeof NAMES;

/** Reasons of commands, whose hints an extension completes. */
export const commandReasons: Reasons<Names> = defineReasons(NAMES);

/** Hints without any extension. */
export const COMMAND_HINTS: Hints = commandReasons.hints({
  records_damaged: "Save again what is damaged, or delete it: holdfast rm NAME@VERSION --force",
  damage_seen: null,
  objects_kept: null,
  inputs_unknown: null,
  space_needed: null,
  disk_full: null,
  disk_unsafe: null,
  target_is_url: null,
  two_registries: "Pass one.",
  input_elsewhere: ({ origin }) =>
    "An input must be in the registry that you save to. Keep its origin as metadata: " +
    `-m ${shellWord(`from=${origin}`)}`,
});

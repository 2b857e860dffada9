// Hints of the command line that maintenance brings, by reason.
import { commandReasons } from "../../apps/cli/program/extension.ts";
import type { Hints } from "../../registry/mod.ts";
import { maintenanceReasons } from "./reasons.ts";

const OF_COMMANDS = commandReasons.hints({
  space_needed:
    "Remove data: holdfast prune, then holdfast gc after the grace period, or gc --now " +
    "while nobody else uses the registry.",
});

const OF_ERRORS = maintenanceReasons.hints({
  rule_incomplete: "Pass --protect alone, or what to keep, as in --keep-last 30 or --older-than " +
    "30d.",
  rule_missing: "List the rules: holdfast rules ls",
  rule_gives_up: "Give these options as they are, too, or add --replace. See: holdfast rules ls",
  alias_protected: "Change the alias with holdfast alias --force, or see: holdfast rules ls",
  promotion_refused: "Meet the conditions of the rule. See: holdfast rules ls",
  protected: "Change it with: holdfast rules set or rules rm. Or delete with --force.",
  store_full: "Raise the quota or the cap of the account or bucket. Or remove data while nobody " +
    "else uses the registry: holdfast prune, then holdfast gc --now",
});

export const CLI_HINTS: Hints = { ...OF_COMMANDS, ...OF_ERRORS };

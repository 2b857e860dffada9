// Hints of the command line that maintenance brings, by reason.
import type { Hints } from "../../registry/mod.ts";
import { maintenanceReasons } from "./reasons.ts";

export const CLI_HINTS: Hints = maintenanceReasons.hints({
  rule_incomplete: "Pass --protect alone, or what to keep, as in --keep-last 30 or --older-than " +
    "30d.",
  rule_missing: "List the rules: holdfast rules ls",
  rule_gives_up: "Give these options too, or add --replace. See: holdfast rules ls",
  store_full: "Raise the quota or the cap of the account or bucket. Or remove data while nobody " +
    "else uses the registry: holdfast prune, then holdfast gc --now",
});

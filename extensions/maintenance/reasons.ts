// Reasons of errors of rules: `hint_words.ts` and `service/extension.ts` have their hints.
import { defineReasons } from "../../core/kernel.ts";

export const maintenanceReasons = defineReasons({
  rule_incomplete: [],
  rule_missing: [],
  rule_gives_up: [],
});

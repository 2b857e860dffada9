// Promotions: open requests, and descriptions of the conditions of rules.
import { defineCondition } from "../../../../core/registry/conditions/promotion.ts";
import type { PageExtension } from "../../extension.ts";
import { CONDITIONS } from "./words.ts";

for (const [name, condition] of Object.entries(CONDITIONS)) defineCondition(name, condition);

export const promotionsExtension: PageExtension = {
  name: "promotions",
  labels: { "promotion-asked": async () => (await import("./asked_label.ts")).AskedLabel },
  loadStart: async () => (await import("./asked.ts")).Asked,
};

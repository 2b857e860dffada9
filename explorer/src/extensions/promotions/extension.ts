// Promotions: open requests, and descriptions of the conditions of rules.
import { definePromotion } from "../../../../core/registry/rules.ts";
import type { PageExtension } from "../../extension.ts";
import { conditionsText } from "./words.ts";

const NOT_HERE = "the page checks no conditions";

definePromotion({
  problem: () => NOT_HERE,
  text: conditionsText,
  unmet: () => Promise.resolve(NOT_HERE),
});

export const promotionsExtension: PageExtension = {
  name: "promotions",
  labels: { "promotion-asked": async () => (await import("./asked_label.ts")).AskedLabel },
  loadStart: async () => (await import("./asked.ts")).Asked,
};

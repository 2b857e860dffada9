// Promotions: open requests, and descriptions of the conditions of rules.
import type { PageExtension } from "../../extension.ts";
import { CONDITIONS } from "./words.ts";

export const promotionsExtension: PageExtension = {
  name: "promotions",
  conditions: CONDITIONS,
  labels: { "promotion-asked": async () => (await import("./asked_label.ts")).AskedLabel },
  loadStart: async () => (await import("./asked.ts")).Asked,
};

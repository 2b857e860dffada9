// An extension: what it adds, and how to load the rest when it is used.
import { defineAdding, defineExtension, defineServing } from "@holdfast/holdfast/extending";
import { defineCondition } from "@holdfast/holdfast/extending/kernel";
import { cardCondition } from "./card.ts";

defineCondition("card", cardCondition);

export const extension = defineExtension({
  name: "cards",
  holdfast: "^0.1",
  commands: [{
    load: {
      card: async () => (await import("./command.ts")).card,
      "cards check": async () => (await import("./check.ts")).check,
    },
  }],
  adding: [defineAdding({
    to: ["rules set"],
    options: [{
      flags: "--card <key>",
      text: "move aliases only to versions whose metadata has this key",
      repeat: true,
    }],
    conditions({ card }) {
      return Promise.resolve(card === undefined ? {} : { card });
    },
  })],
  serving: defineServing({
    options: [{ flags: "--cards", text: "also serve the cards of versions, at /cards/NAME" }],
    routes: { cards: "--cards" },
    async gateways({ cards }) {
      return cards ? [(await import("./gateway.ts")).cards] : [];
    },
  }),
});

// `GET /cards/NAME` of a service.
import { type Gateway, route } from "@holdfast/holdfast/gateways";
import { schema } from "@holdfast/holdfast/extending/server";
import { cardOf } from "./card.ts";

const CardQuery = schema.object("CardQuery", {
  version: schema.described(schema.text(200), "The version. Default: the newest"),
});

export const cards: Gateway = {
  name: "cards",
  addRoutes(routes, { registry }) {
    route(routes, "GET /cards/:name", {
      id: "getCard",
      tag: "cards",
      summary: "Returns the card of a version",
      scope: "read", // of the `name` in the path
      query: CardQuery,
      answers: { 200: { description: "The card" } },
      async answer({ c, params: { name }, query: { version } }) {
        const ref = version === undefined ? name : `${name}@${version}`;
        return c.json(cardOf(await registry.info(ref)));
      },
    });
  },
};

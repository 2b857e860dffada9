// The retention rules that the registry keeps.
import { type GatewayContext, route, type Routes } from "../../../apps/gateways.ts";
import { answerListing, denied, listing } from "../../../apps/server/extending.ts";
import { readRules } from "../../../registry/tools/settings.ts";
import { changeRules, readRulesHistory } from "../mod.ts";
import * as schemas from "./rule_schemas.ts";

const FOUND = { description: "The rules", schema: schemas.RulesSchema };
const FRESH = { "cache-control": "no-cache" };

export function rulesRoutes(routes: Routes, { registry }: GatewayContext): void {
  route(routes, "GET /rules", {
    id: "getRules",
    tag: "rules",
    summary: "Returns the retention rules",
    description: "With `name`, those that match it. The others need `admin`.",
    scope: "read",
    answers: { 200: FOUND },
    query: schemas.RulesQuery,
    answer: async ({ c, query, access }) => {
      if (query.name !== undefined) access.check("read", query.name);
      else if (!access.admin) throw denied("read the rules", "admin");
      return c.json(await readRules(registry, query), 200, FRESH);
    },
  });
  route(routes, "PATCH /rules", {
    id: "changeRules",
    tag: "rules",
    summary: "Sets or removes the retention rule of a pattern",
    description: "`replace` allows a rule that has less than the present one: see `gaveUp`.",
    scope: "admin",
    answers: { 200: FOUND },
    json: schemas.RulesChangeSchema,
    answer: async ({ c, json, signal }) => {
      c.info.subject = { rule: json.set?.pattern ?? json.remove };
      return c.json(await changeRules(registry, { ...json, signal }), 200, FRESH);
    },
  });
  route(routes, "GET /rules/history", {
    id: "listRulesHistory",
    tag: "rules",
    summary: "Lists the rules after each change, newest first",
    scope: "admin",
    readsMany: true,
    answers: listing(schemas.RulesPage, "A page, or all as lines. `after` is a revision"),
    query: schemas.HistoryQuery,
    answer: ({ c, query }) =>
      answerListing(c, query, {
        async *list({ after = Infinity, limit = Infinity }) {
          let remaining = limit;
          for await (const rules of readRulesHistory(registry)) {
            if (rules.revision >= after) continue;
            if (remaining-- <= 0) return;
            yield rules;
          }
        },
        keyOf: ({ revision }) => revision,
      }),
  });
}

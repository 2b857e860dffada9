// Schemas of the retention rules.
import * as v from "npm:valibot@^1.5";
import { schema } from "../../../apps/server/extending.ts";

const Count = v.optional(schema.Amount);

const RuleSchema = schema.strictObject("RetentionRule", {
  pattern: v.pipe(v.string(), v.minLength(1), v.maxLength(200)),
  keepLast: Count,
  keepDaily: Count,
  keepWeekly: Count,
  keepMonthly: Count,
  olderThanMs: Count,
  keepWhere: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(4_000))),
  protect: v.optional(v.boolean()),
  protectAliases: v.optional(
    v.pipe(
      v.array(v.pipe(schema.Text, v.minLength(1), v.maxLength(200))),
      v.minLength(1),
      v.maxLength(100),
    ),
  ),
  promote: v.optional(schema.JsonObject), // extensions know the conditions
  adds: v.optional(v.boolean()),
});

/** A later release may have set others: they are returned as they are. */
const StoredRuleSchema = v.union([RuleSchema, v.looseObject({})]);

export const RulesSchema = schema.object("RetentionRules", {
  rules: v.array(StoredRuleSchema),
  revision: schema.Amount,
  changedAt: schema.Moment,
  by: v.optional(schema.Author),
  gaveUp: v.optional(v.array(schema.Text)),
});

export const RulesPage = schema.page(RulesSchema, "RetentionRulesPage");

export const HistoryQuery = v.object(schema.numberedFields);

export const RulesQuery = v.object({
  name: schema.described(schema.Text, "Only the rules that match this name"),
});

export const RulesChangeSchema = schema.strictObject("RulesChange", {
  set: v.optional(RuleSchema),
  replace: v.optional(v.boolean()),
  remove: v.optional(schema.Text),
  ifRevision: v.optional(schema.Amount),
});

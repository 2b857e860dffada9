// Schemas of the retention rules.
import * as v from "npm:valibot@^1.5";
import {
  Amount,
  AuthorSchema,
  described,
  JsonObject,
  Moment,
  numberedFields,
  object,
  page,
  strictObject,
  Text,
} from "../../../apps/server/extending.ts";

const Count = v.optional(Amount);

const RuleSchema = strictObject("RetentionRule", {
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
      v.array(v.pipe(Text, v.minLength(1), v.maxLength(200))),
      v.minLength(1),
      v.maxLength(100),
    ),
  ),
  promote: v.optional(JsonObject), // extensions know the conditions
  adds: v.optional(v.boolean()),
});

/** A later release may have set others: they are returned as they are. */
const StoredRuleSchema = v.union([RuleSchema, v.looseObject({})]);

export const RulesSchema = object("RetentionRules", {
  rules: v.array(StoredRuleSchema),
  revision: Amount,
  changedAt: Moment,
  by: v.optional(AuthorSchema),
  gaveUp: v.optional(v.array(Text)),
});

export const RulesPage = page(RulesSchema, "RetentionRulesPage");

export const HistoryQuery = v.object(numberedFields);

export const RulesQuery = v.object({
  name: described(Text, "Only the rules that match this name"),
});

export const RulesChangeSchema = strictObject("RulesChange", {
  set: v.optional(RuleSchema),
  replace: v.optional(v.boolean()),
  remove: v.optional(Text),
  ifRevision: v.optional(Amount),
});

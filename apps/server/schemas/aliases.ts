// Aliases and their history, as JSON.
import * as v from "npm:valibot@^1.5";
import { object } from "./named.ts";
import { Amount, Moment } from "./artifact.ts";
import { page, pageFields } from "./listing.ts";

export const AliasSchema = object("Alias", { alias: v.string(), version: v.string() });

export const AliasesPage = page(AliasSchema, "AliasesPage");

export const AliasChangeSchema = object("AliasChange", {
  version: v.optional(v.string()),
  commit: v.string(),
  generation: Amount,
  changedAt: Moment,
  createdAt: Moment,
});

export const HistoryPage = page(AliasChangeSchema, "HistoryPage");

export const PageQuery = v.object(pageFields);

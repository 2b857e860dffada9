// Aliases and their history, as JSON.
import * as v from "npm:valibot@^1.5";
import { Amount, Moment } from "./artifact.ts";
import { page, pageFields } from "./listing.ts";

export const AliasSchema = v.pipe(
  v.object({ alias: v.string(), version: v.string() }),
  v.metadata({ ref: "Alias" }),
);

export const AliasesPage = page(AliasSchema, "AliasesPage");

export const AliasChangeSchema = v.pipe(
  v.object({
    version: v.optional(v.string()),
    commit: v.string(),
    generation: Amount,
    changedAt: Moment,
    createdAt: Moment,
  }),
  v.metadata({ ref: "AliasChange" }),
);

export const HistoryPage = page(AliasChangeSchema, "HistoryPage");

export const PageQuery = v.object(pageFields);

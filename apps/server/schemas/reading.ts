// What is asked with and answered where something is read: names, logs, aliases, files, lineage, and
// what a service says of itself.
import * as v from "npm:valibot@^1.5";
import { Amount, CommitQuery, Moment, Sha256, Text } from "./artifact.ts";
import { count, page, pageFields } from "./listing.ts";
import { object } from "./named.ts";

export const NamesQuery = v.object({
  prefix: v.optional(v.pipe(v.string(), v.description("Only names that begin with this"))),
  ...pageFields,
});

export const NamesPage = page(v.string(), "NamesPage");

export const LogEntrySchema = object("LogEntry", {
  event: v.picklist(["saved", "deleted", "aliased", "unaliased"]),
  name: v.string(),
  version: v.optional(v.string()),
  alias: v.optional(v.string()),
  at: Moment,
  size: v.optional(Amount),
  commit: v.optional(v.string()),
});

export const LogPage = page(LogEntrySchema, "LogPage");

export const LogQuery = v.object(pageFields);

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

export const FileQuery = v.object({
  ...CommitQuery.entries,
  disposition: v.optional(v.pipe(
    v.picklist(["inline", "attachment"], "inline or attachment is expected"),
    v.description("Whether a browser shows it or saves it. What is shown runs nothing"),
  )),
});

export const WatchQuery = v.object({
  intervalMs: v.optional(
    count({
      least: 100,
      most: 3_600_000,
      description: "How often the store is asked, milliseconds; 2000 where it is not given",
    }),
  ),
});

export const RegistrySchema = object("Registry", {
  id: v.string(),
  settings: v.object({
    versioned: v.boolean(),
    mutable: v.boolean(),
    graceMs: Amount,
    leastGraceMs: Amount,
  }),
  service: v.object({ name: v.string(), version: v.string() }),
  limits: v.record(v.string(), v.number()),
  features: v.array(v.string()),
});

export const HealthSchema = object("Health", { status: v.literal("ok") });

export const ReadinessSchema = object("Readiness", {
  ready: v.boolean(),
  reason: v.optional(
    v.picklist([
      "the store does not answer in time",
      "the store refuses",
      "the registry is gone",
      "the service stops",
    ]),
  ),
});

export const LineageQuery = v.object({
  ref: v.pipe(Text, v.description("`name`, or `name@version`")),
  direction: v.optional(v.pipe(
    v.picklist(["up", "down", "both"], "up, down or both is expected"),
    v.description(
      "To what it was made from, to what was made from it, or both, which is the default",
    ),
  )),
  depth: v.optional(count({ least: 1, most: 1_000_000, description: "How many steps to go" })),
});

export const LineageSchema = object("Lineage", {
  root: v.string(),
  nodes: v.array(v.object({
    ref: v.string(),
    state: v.picklist(["present", "missing", "changed", "unpinned", "unreadable"]),
    digest: v.optional(Sha256),
    createdAt: v.optional(Moment),
    metadata: v.optional(v.record(v.string(), v.unknown())),
  })),
  edges: v.array(v.object({ from: v.string(), to: v.string() })),
  unsure: v.array(v.string()),
  unreadable: v.array(v.string()),
  scanned: v.boolean(),
  cut: v.boolean(),
});

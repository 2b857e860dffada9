// Schemas of reads: names, logs, aliases, files, lineage, search, and the service.
import * as v from "npm:valibot@^1.5";
import { ALIASES } from "../../../core/registry/operations/aliases.ts";
import { schemaOf } from "./rows.ts";
import { CommitQuery } from "./artifact.ts";
import { Amount, AuthorSchema, Moment, Sha256, Text } from "./request_values.ts";
import { count, described, flag, object, page } from "./listing.ts";

export const NamesPage = page(v.string(), "NamesPage");

const LogEntrySchema = object("LogEntry", {
  event: v.picklist(["saved", "deleted", "restored", "aliased", "unaliased", "annotated"]),
  name: v.string(),
  version: v.optional(v.string()),
  alias: v.optional(v.string()),
  notes: v.optional(v.string()),
  labels: v.optional(v.record(v.string(), v.unknown())),
  at: Moment,
  by: v.optional(AuthorSchema),
  size: v.optional(Amount),
  commit: v.optional(v.string()),
});

export const LogPage = page(LogEntrySchema, "LogPage");

export const AliasSchema = schemaOf(ALIASES.setAlias.route.answer);

export const FileQuery = v.object({
  ...CommitQuery.entries,
  disposition: v.optional(v.pipe(
    v.picklist(["inline", "attachment"], "expected inline or attachment"),
    v.description("Makes browsers show or save the file. Shown files run no code"),
  )),
});

export const ArchiveQuery = v.object({
  ...CommitQuery.entries,
  format: v.optional(
    v.pipe(
      v.picklist(["zip", "tar"], "expected zip or tar"),
      v.description("The format of the archive"),
    ),
    "zip",
  ),
});

export const WatchQuery = v.object({
  intervalMs: count(
    100,
    3_600_000,
    "Interval between checks of the store, milliseconds. Default: 2000",
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
      "the tokens cannot be checked",
      "the audit trail cannot be written",
      "the service stops",
    ]),
  ),
});

export const RefQuery = { ref: v.pipe(Text, v.description("`name`, or `name@version`")) };

export const LineageSchema = object("Lineage", {
  root: v.string(),
  nodes: v.array(v.object({
    ref: v.string(),
    state: v.picklist(["present", "missing", "changed", "unpinned", "unreadable"]),
    digest: v.optional(Sha256),
    createdAt: v.optional(Moment),
    kind: v.optional(v.string()),
    metadata: v.optional(v.record(v.string(), v.unknown())),
  })),
  edges: v.array(v.object({ from: v.string(), to: v.string() })),
  unsure: v.array(v.string()),
  unreadable: v.array(v.string()),
  cut: v.boolean(),
});

export const ReleaseSchema = object("Release", {
  name: v.string(),
  version: v.string(),
  members: v.record(
    v.string(),
    v.object({
      ref: v.string(),
      digest: Sha256,
      state: v.picklist(["present", "missing", "changed"]),
    }),
  ),
});

/** The default number of search results. */
export const DEFAULT_FOUND = 50;

export const SearchQuerySchema = v.object({
  q: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(1000),
      v.description("Words and filters that must all match: `bert metadata.epochs>3 alias=prod`"),
    ),
    "",
  ),
  limit: count(1, 1000, `Results in a page, which ends after 256 KiB. Default: ${DEFAULT_FOUND}`),
  offset: count(0, 1_000_000, "Results to skip at the beginning"),
  newest: flag("Search only the newest version of each name"),
  partial: flag("Search what is read so far while the index is built the first time"),
});

export const SearchResultSchema = object("SearchResult", {
  items: v.array(v.object({
    name: v.string(),
    version: v.string(),
    aliases: v.array(v.string()),
    metadata: v.record(v.string(), v.any()),
    kind: v.pipe(v.string(), v.description("The id of the materializer")),
    by: v.optional(v.pipe(v.string(), v.description("Who saved it, if known"))),
    createdAt: v.string(),
    size: v.number(),
  })),
  total: v.pipe(v.number(), v.description("The number of all results")),
  next: described(Amount, "The `offset` of the next page, if there are more results"),
  ageMs: v.pipe(v.number(), v.description("The age of the index, milliseconds")),
  cut: v.pipe(
    v.boolean(),
    v.description("True if the index is full: versions other than the newest 20 may be missing"),
  ),
  read: described(Amount, "Names read whole so far, if the index is not complete"),
  hints: v.optional(v.pipe(
    v.array(v.string()),
    v.description("Numbers that were saved as text: `metadata.epochs is text in 6 versions`"),
  )),
});

// Schemas of the routes of the Hugging Face Hub. Their members are what its clients read.
import * as v from "npm:valibot@^1.5";
import { schema } from "../../../apps/server/extending.ts";

const Revision = v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/));

const LfsSchema = schema.object("HubLfs", {
  oid: v.string(),
  size: schema.Amount,
  pointerSize: schema.Amount,
});

export const HubRepoSchema = schema.object("HubRepo", {
  id: v.string(),
  name: schema.described(v.string(), "The name in the registry, in listings"),
  modelId: v.optional(v.string()),
  author: v.optional(v.string()),
  sha: v.optional(Revision),
  lastModified: v.optional(schema.Moment),
  createdAt: v.optional(schema.Moment),
  private: v.boolean(),
  gated: v.boolean(),
  disabled: v.boolean(),
  downloads: schema.Amount,
  likes: schema.Amount,
  tags: v.array(v.string()),
  usedStorage: v.optional(schema.Amount),
  siblings: v.optional(v.array(v.object({
    rfilename: v.string(),
    size: v.optional(schema.Amount),
    blobId: v.optional(v.string()),
    lfs: v.optional(
      v.object({ sha256: v.string(), size: schema.Amount, pointerSize: schema.Amount }),
    ),
  }))),
});

export const HubReposSchema = v.array(HubRepoSchema);

export const HubEntriesSchema = v.array(schema.object("HubEntry", {
  type: v.picklist(["file", "directory"]),
  oid: v.string(),
  size: schema.Amount,
  path: v.string(),
  lfs: v.optional(LfsSchema),
  lastCommit: v.optional(v.object({ id: Revision, title: v.string(), date: schema.Moment })),
}));

const HubRefs = v.array(schema.object("HubRef", {
  name: v.string(),
  ref: v.string(),
  targetCommit: Revision,
}));

export const HubRefsSchema = v.object({
  branches: HubRefs,
  converts: HubRefs,
  tags: HubRefs,
  pullRequests: HubRefs,
});

export const HubCommitsSchema = v.array(schema.object("HubCommit", {
  id: Revision,
  title: v.string(),
  message: v.string(),
  authors: v.array(v.object({ user: v.string() })),
  date: schema.Moment,
}));

export const HubOkSchema = schema.object("HubOk", { ok: v.literal(true) });

export const HubUserSchema = schema.object("HubUser", {
  type: v.literal("user"),
  id: v.string(),
  name: v.string(),
  fullname: v.string(),
  isPro: v.boolean(),
  orgs: v.array(v.string()),
  auth: v.object({
    type: v.string(),
    accessToken: v.optional(v.object({ displayName: v.string(), role: v.string() })),
  }),
});

/** True or false as Python or JavaScript write it. */
const truth = (text: string) =>
  v.optional(v.pipe(
    v.picklist(["true", "false", "True", "False", "1", "0"], "expected true or false"),
    v.description(text),
    v.transform((value) => /^(true|1)$/i.test(value)),
  ));

const MOST_ENTRIES = 1000;

const cursor = schema.described(schema.Text, "From the `Link` of the previous page");
const limit = schema.count(1, MOST_ENTRIES, `Items in a page. Default: ${MOST_ENTRIES}`);

/** The default number of items in a page. */
export const HUB_PAGE = MOST_ENTRIES;

export const HubInfoQuery = v.object({ blobs: truth("Adds sizes and digests of the files") });

export const HubTreeQuery = v.object({
  recursive: truth("Includes what is below folders"),
  expand: truth("Adds the commit to each entry"),
  limit,
  cursor,
});

export const HubListQuery = v.object({
  search: schema.described(schema.Text, "Only ids with this text"),
  author: schema.described(schema.Text, "Only ids that begin with this and a slash"),
  limit: schema.count(1, 1_000_000, `Items, at most ${MOST_ENTRIES} in a page`),
  cursor,
});

export const HubCommitsQuery = v.object({ limit, cursor });

/** More than the paths of the longest body, 1 MiB. */
const MOST_PATHS = 500_000;

export const HubPaths = v.object({
  paths: v.union([schema.Text, schema.atMost(MOST_PATHS, schema.Text)]),
  expand: v.optional(v.boolean()),
});

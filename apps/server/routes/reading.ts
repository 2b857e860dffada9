// The registry itself, its names and versions, their log and lineage, and watches.
import { Buffer } from "node:buffer";
import { compare } from "@std/semver";
import { MOST_LIMIT } from "../schemas/listing.ts";
import manifest from "../../../deno.json" with { type: "json" };
import type { Routes, ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import {
  LineageQuery,
  LineageSchema,
  LogPage,
  LogQuery,
  NamesPage,
  NamesQuery,
  RegistrySchema,
  WatchQuery,
} from "../schemas/reading.ts";
import { type Access, readable } from "../access/access.ts";
import { answerListing, listing, type PageQuery } from "../listing.ts";
import {
  type Artifact,
  type ArtifactInfo,
  checkName,
  isRegistryError,
  lineageOf,
  logOf,
  parseRef,
  parseVersion,
  type Registry,
  type VersionEntry,
  type VersionsOptions,
  type WatchOptions,
} from "../../../mod.ts";
import type { Lineage, LogEntry } from "../../../registry/mod.ts";
import { answerConditions } from "../files/answer_file.ts";
import { problemOf } from "../problem.ts";
import { ArtifactInfoSchema, InfoQuery, VersionsPage, VersionsQuery } from "../schemas/artifact.ts";
import { fault } from "../../../core/errors.ts";
import { answerEvents, EVENTS_TYPE, type ServerEvent } from "../event_stream.ts";

const FEATURES = ["reads", "writes", "drafts", "uploads", "batch", "search"];

export function registryRoutes(routes: Routes, { registry, options }: ServerContext): void {
  const { versioned, mutable, graceMs, leastGraceMs } = registry.settings;
  const said = {
    id: registry.id,
    settings: { versioned, mutable, graceMs, leastGraceMs },
    service: { name: "holdfast", version: manifest.version },
    limits: { page: MOST_LIMIT },
    features: options.jobs === undefined ? FEATURES : [...FEATURES, "jobs"],
  };
  route(routes, "GET /registry", {
    id: "getRegistry",
    tag: "registry",
    summary: "Says what the registry is, and what this service does with it",
    scope: "read",
    answers: { 200: { description: "The registry", schema: RegistrySchema } },
    answer: ({ c }) => c.json(said, 200, { "cache-control": "no-cache" }),
  });
}

export function namesRoutes(routes: Routes, { registry }: ServerContext): void {
  route(routes, "GET /names", {
    id: "listNames",
    tag: "artifacts",
    summary: "Lists names that have a version, in the order of their encoding",
    scope: "read",
    answers: listing(NamesPage, "A page of names, or all of them as lines"),
    query: NamesQuery,
    answer: ({ c, query: { prefix, ...page }, access }) => {
      return answerListing(c, page, {
        list: ({ after, limit }) =>
          readable(registry.names({ prefix, after }), {
            access,
            nameOf: (name) => name,
            limit,
          }),
        keyOf: (name) => name,
      });
    },
  });
}

export function versionsRoutes(routes: Routes, { registry, openVersion }: ServerContext): void {
  route(routes, "GET /artifacts/:name/versions", {
    id: "listVersions",
    tag: "artifacts",
    summary: "Lists the versions of a name, newest first; none where there is no such name",
    scope: "read",
    answers: listing(VersionsPage, "A page of versions, or all of them as lines"),
    query: VersionsQuery,
    answer: ({ c, params: { name }, query: { range, details, ...page } }) => {
      return answerListing(c, page, {
        list: ({ after, limit }) =>
          onWire(
            after === undefined
              ? registry.versions(name, { range, details, limit })
              : versionsAfter(registry, name, { after, range, details, limit }),
          ),
        keyOf: ({ version }) => version,
      });
    },
  });
  route(routes, "GET /artifacts/:name/versions/:version", {
    id: "getVersion",
    tag: "artifacts",
    summary: "Says what is known of a version",
    scope: "read",
    requestHeaders: {
      "if-match": "Commits as ETags, one of which it must have",
      "if-none-match": "Commits as ETags that the client knows",
    },
    answers: {
      200: {
        description: "The version",
        schema: ArtifactInfoSchema,
        headers: { "etag": "Its commit, as a strong tag" },
      },
      304: { description: "The client knows it already" },
    },
    query: InfoQuery,
    answer: async ({ c, params: { name, version }, query: { commit, data } }) => {
      const artifact = await openVersion({ name, version, commit });
      const { info } = artifact;
      const lastModified = info.createdAt.toUTCString();
      const etag = `"${info.commit}"`;
      const known = { etag, "cache-control": "no-cache", "last-modified": lastModified };
      const ref = JSON.stringify(`${name}@${version}`);
      const answered = answerConditions(c.req.raw.headers, { etag, lastModified }, {
        known,
        failed: `Cannot answer: ${ref} is commit ${info.commit} now`,
      });
      if (answered !== undefined) return answered;
      const isSmall = data !== undefined && info.size <= data;
      return c.json(isSmall ? await withData(artifact) : info, 200, known);
    },
  });
}

async function withData(artifact: Artifact): Promise<ArtifactInfo> {
  const files = artifact.files().map(async (file) => ({
    ...file.info,
    data: Buffer.from(await file.bytes()).toString("base64"),
  }));
  return { ...artifact.info, files: await Promise.all(files) };
}

/** The versions that a listing has after one of them, which may be gone. */
async function* versionsAfter(
  registry: Registry,
  name: string,
  { after, limit = Infinity, details = false, ...options }: VersionsOptions & { after: string },
): AsyncGenerator<VersionEntry> {
  const { semver: last } = parseVersion(after);
  let count = 0;
  for await (const entry of registry.versions(name, options)) {
    if (compare(parseVersion(entry.version).semver, last) >= 0) continue;
    if (count++ === limit) return;
    const detailed = details ? await withInfo(registry, entry) : entry;
    if (detailed !== undefined) yield detailed;
  }
}

/** With what is known of it; undefined where it was deleted since it was listed. */
async function withInfo(
  registry: Registry,
  entry: VersionEntry,
): Promise<VersionEntry | undefined> {
  try {
    return { ...entry, info: await registry.info(entry.name, { version: entry.version }) };
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return undefined;
    if (isRegistryError(error, "Corrupt", "Unsupported")) return { ...entry, error };
    throw error;
  }
}

async function* onWire(
  entries: AsyncIterable<VersionEntry>,
): AsyncGenerator<Omit<VersionEntry, "error"> & { error?: unknown }> {
  for await (const { error, ...entry } of entries) {
    yield error === undefined ? entry : { ...entry, error: await problemOf(error).json() };
  }
}

export function logRoutes(routes: Routes, { registry }: ServerContext): void {
  route(routes, "GET /artifacts/:name/log", {
    id: "getLog",
    tag: "artifacts",
    summary: "Tells what happened to a name: versions, aliases, deletions, the newest first",
    scope: "read",
    answers: listing(LogPage, "A page of what happened, or all of it as lines"),
    query: LogQuery,
    answer: ({ c, params: { name }, query }) =>
      answerListing(c, query, {
        list: (page) => entriesAfter(registry, name, page),
        keyOf,
      }),
  });
}

async function* entriesAfter(
  registry: Registry,
  name: string,
  { after, limit = Infinity }: PageQuery,
): AsyncGenerator<LogEntry> {
  const entries = await logOf(
    registry,
    name,
    after === undefined && limit < Infinity ? { limit } : {},
  );
  const begin = after === undefined ? 0 : entries.findIndex((entry) => keyOf(entry) === after) + 1;
  if (after !== undefined && begin === 0) {
    throw fault({
      code: "Invalid",
      action: "go on after",
      subject: JSON.stringify(after.slice(0, 100)),
      state: "the log has no such entry",
      hint: "Give the `next` of the page before, or begin anew.",
    });
  }
  yield* entries.slice(begin, begin + limit);
}

/** An alias may be set to the same version twice in one millisecond: then their commits tell them apart. */
function keyOf({ at, event, version = "", alias = "", commit = "" }: LogEntry): string {
  return [at.toISOString(), event, version, alias, commit].join(" ");
}

export function lineageRoutes(routes: Routes, { registry }: ServerContext): void {
  route(routes, "GET /lineage", {
    id: "getLineage",
    tag: "lineage",
    summary: "Tells what a version was made from, and what was made from it",
    scope: "read",
    answers: { 200: { description: "The lineage", schema: LineageSchema } },
    query: LineageQuery,
    answer: async ({ c, query: { ref, ...options }, access }) => {
      access.check("read", parseRef(ref).name);
      const lineage = await lineageOf(registry, ref, options);
      return c.json(readablePart(lineage, access), 200, { "cache-control": "no-cache" });
    },
  });
}

/** Without what may not be read, as if nobody knew of it. */
function readablePart(
  { root, nodes, edges, unsure, unreadable, scanned, cut }: Lineage,
  access: Access,
): Lineage {
  const may = (ref: string) => access.may("read", ref.split("@", 1)[0]);
  return {
    root,
    nodes: nodes.filter(({ ref }) => may(ref)),
    edges: edges.filter(({ from, to }) => may(from) && may(to)),
    unsure: unsure.filter(may),
    unreadable: unreadable.filter(may),
    scanned,
    cut,
  };
}

/** The data of an event without a version. */
const NONE = "none";

export function watchRoutes(routes: Routes, context: ServerContext): void {
  route(routes, "GET /artifacts/:name/watch", {
    id: "watchName",
    tag: "artifacts",
    summary: "Tells what the latest version is, and again whenever it is another one",
    description:
      "Server-sent events `latest`, whose data are `{ name, version?, commit? }` and whose id is the " +
      "commit. A client that comes again with `Last-Event-ID` is only told of another one.",
    scope: "read",
    requestHeaders: { "last-event-id": "The id of the last event that the client had" },
    answers: {
      200: {
        description: "Events, until the client goes",
        content: { [EVENTS_TYPE]: { schema: { type: "string" } } },
      },
    },
    query: WatchQuery,
    answer: ({ c, params: { name }, query }) => {
      checkName(name);
      const { intervalMs } = query;
      const known = c.req.header("last-event-id");
      const events = (signal: AbortSignal) =>
        latestOf(context.registry, name, { known, intervalMs, signal });
      return answerEvents(c, { context, events });
    },
  });
}

async function* latestOf(
  registry: Registry,
  name: string,
  { known, ...options }: WatchOptions & { known?: string },
): AsyncGenerator<ServerEvent> {
  let last = known;
  for await (const latest of registry.watch(name, options)) {
    const id = latest.commit ?? NONE;
    if (id !== last) yield { id, event: "latest", data: latest };
    last = undefined; // only the first may be known
  }
}

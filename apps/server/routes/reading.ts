// The registry, its names and versions, their log and lineage, and watches.
import { Buffer } from "node:buffer";
import { MOST_LIMIT } from "../schemas/listing.ts";
import { VERSION } from "../../holdfast_version.ts";
import type { Routes } from "../gateways/gateway.ts";
import type { ServerContext } from "../routing.ts";
import { METHODS } from "../../../core/options/methods.ts";
import { route } from "../describe.ts";
import { operationRoute } from "../operation_route.ts";
import * as schemas from "../schemas/reading.ts";
import { type Access, mayReadRef, readableInfo, readableNames } from "../access/access.ts";
import { answerListing, listing } from "../listing.ts";
import { LINEAGE, type LineageOptions } from "../../../core/registry/lineage.ts";
import { parseRef, readLineage } from "../../../mod.ts";
import type { Registry, VersionEntry, WatchOptions } from "../../../mod.ts";
import type { PagedArtifact } from "../../../core/artifact.ts";
import type { Lineage } from "../../../registry/mod.ts";
import { answerConditions } from "../files/answer_file.ts";
import { answerLongInfo } from "../files/long_info.ts";
import { problemWithin } from "../problem.ts";
import { InfoFields, InfoQuery, OpenedVersionSchema, VersionsPage } from "../schemas/version.ts";
import { shareReads } from "../share_reads.ts";
import { answerEvents, EVENTS_TYPE, type ServerEvent } from "../event_stream.ts";

const FEATURES = ["reads", "writes", "drafts", "uploads", "search"];

export function registryRoutes(
  routes: Routes,
  { registry, gateways, options: { redirect } }: ServerContext,
): void {
  const { versioned, mutable, graceMs, leastGraceMs } = registry.settings;
  const takesDirectly = redirect && registry.backend?.presignPut !== undefined;
  const about = {
    id: registry.id,
    settings: { versioned, mutable, graceMs, leastGraceMs },
    service: { name: "holdfast", version: VERSION },
    limits: { page: MOST_LIMIT },
    features: [...FEATURES, ...(takesDirectly ? ["direct-uploads"] : []), ...gateways],
  };
  route(routes, "GET /registry", {
    id: "getRegistry",
    tag: "registry",
    summary: "Returns the registry and the features of the service",
    scope: "read",
    answers: { 200: { description: "The registry", schema: schemas.RegistrySchema } },
    answer: ({ c }) => c.json(about, 200, { "cache-control": "no-cache" }),
  });
}

export function namesRoutes(routes: Routes, { registry }: ServerContext): void {
  const share = shareReads<string>();
  operationRoute(routes, METHODS.names, registry.names.bind(registry), {
    answers: listing(schemas.NamesPage, "A page of names, or all of them as lines"),
    answer: ({ c, options, page, access }) =>
      answerListing<string>(c, page, {
        list: (page) => readableNames(registry, access, { ...options, ...page }),
        keyOf: (name) => name,
        share: (read) => share(JSON.stringify([access.scopes, options, page]), read),
      }),
  });
}

export function versionsRoutes(routes: Routes, { registry, openPages }: ServerContext): void {
  operationRoute(routes, METHODS.versions, registry.versions.bind(registry), {
    query: InfoFields,
    answers: listing(VersionsPage, "A page of versions, or all of them as lines"),
    answer: ({ c, args: [name], options, own, page, access }) => {
      const fields = own.fields as string[] | undefined;
      const { details = fields !== undefined } = options;
      return answerListing(c, page, {
        list: (page) =>
          onWire(access, registry.versions(name, { ...options, details, ...page }), fields),
        keyOf: ({ version }) => version,
      });
    },
  });
  route(routes, "GET /artifacts/:name/versions/:version", {
    id: "getVersion",
    tag: "artifacts",
    summary: "Returns the info of a version",
    scope: "read",
    readsMany: true,
    requestHeaders: {
      "if-match": "Commits as ETags, one of which must match",
      "if-none-match": "Commits as ETags that the client has",
    },
    answers: {
      200: {
        description: "The version",
        schema: OpenedVersionSchema,
        headers: {
          "etag": "Its commit, as a strong tag; absent if inputs are hidden from the token",
        },
      },
      304: { description: "Not modified" },
    },
    query: InfoQuery,
    answer: async (
      { c, params: { name, version }, query: { commit, data, withoutLongList }, access },
    ) => {
      const opened = await openPages({ name, version, commit }, access);
      const { info } = opened;
      const lastModified = info.createdAt.toUTCString();
      const etag = `"${info.commit}"`;
      const known = { etag, "cache-control": "no-cache", "last-modified": lastModified };
      const ref = JSON.stringify(`${name}@${version}`);
      const answered = answerConditions(c.request.headers, { etag, lastModified }, {
        known,
        failed: `Cannot answer: the commit of ${ref} is ${info.commit}`,
      });
      const isWhole = opened.checkFiles === undefined; // without inputs, it is another body
      if (answered !== undefined && (isWhole || answered.status !== 304)) return answered;
      const headers = isWhole ? known : { "cache-control": "no-store" };
      if (info.files === undefined && withoutLongList) {
        return c.json({ ...info, files: [], fileCount: opened.count }, 200, headers);
      }
      const isSmall = data !== undefined && info.size <= data;
      if (info.files === undefined || !isSmall && info.files.length > MOST_AT_ONCE) {
        return await answerLongInfo(c, opened, headers);
      }
      return c.json(isSmall ? await withData(opened) : info, 200, headers);
    },
  });
}

/** Files of an answer that is made whole. */
const MOST_AT_ONCE = 1000;

async function withData({ info, pages }: PagedArtifact): Promise<object> {
  const files: object[] = [];
  for await (const page of pages()) {
    files.push(
      ...await Promise.all(
        page.files().map(async (file) => ({
          ...file.info,
          data: Buffer.from(await file.bytes()).toString("base64"),
        })),
      ),
    );
  }
  return { ...info, files };
}

async function* onWire(
  access: Access,
  entries: AsyncIterable<VersionEntry>,
  fields?: readonly string[],
): AsyncGenerator<Omit<VersionEntry, "error" | "info"> & { info?: object; error?: unknown }> {
  for await (const { error, info: whole, ...entry } of entries) {
    const readable = whole && readableInfo(whole, access);
    const info = fields && readable ? membersAt(readable, fields) : readable;
    yield { ...entry, info, error: error && problemWithin(error) };
  }
}

/** Returns the members at some paths, such as `size`, `metadata.accuracy` and `files.length`. */
function membersAt(value: object, paths: readonly string[]): object {
  const chosen = new Set(paths);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]): [string, unknown][] => {
      if (chosen.has(key)) return [[key, member]];
      if (typeof member !== "object" || member === null) return [];
      const start = `${key}.`;
      const inner = paths.flatMap((path) => path.startsWith(start) ? path.slice(start.length) : []);
      if (inner.length === 0) return [];
      if (!Array.isArray(member)) return [[key, membersAt(member, inner)]];
      return inner.includes("length") ? [[key, { length: member.length }]] : [];
    }),
  );
}

export function lineageRoutes(routes: Routes, { registry }: ServerContext): void {
  const run = (ref: string, options: LineageOptions) => readLineage(registry, ref, options);
  operationRoute(routes, LINEAGE, run, {
    readsMany: true,
    query: schemas.RefQuery,
    answers: { 200: { description: "The lineage", schema: schemas.LineageSchema } },
    answer: async ({ c, args: [ref], options, access }) => {
      access.check("read", parseRef(ref).name);
      const lineage = await run(ref, options);
      return c.json(readablePart(lineage, access), 200, { "cache-control": "no-cache" });
    },
  });
}

/** Removes versions that may not be read. */
function readablePart(lineage: Lineage, access: Access): Lineage {
  const may = (ref: string) => mayReadRef(access, ref);
  return {
    ...lineage,
    nodes: lineage.nodes.filter(({ ref }) => may(ref)),
    edges: lineage.edges.filter(({ from, to }) => may(from) && may(to)),
    unsure: lineage.unsure.filter(may),
    unreadable: lineage.unreadable.filter(may),
  };
}

/** The id of an event without a version. */
const NONE = "none";

export function watchRoutes(routes: Routes, context: ServerContext): void {
  route(routes, "GET /artifacts/:name/watch", {
    id: "watchName",
    tag: "artifacts",
    summary: "Sends the latest version, and again whenever it changes",
    description:
      "Server-sent events `latest` with the data `{ name, version?, commit? }` and the commit " +
      "as id. A client that reconnects with `Last-Event-ID` receives only a different " +
      "version.",
    scope: "read",
    requestHeaders: { "last-event-id": "The id of the last event that the client received" },
    answers: {
      200: {
        description: "Events until the client disconnects",
        content: { [EVENTS_TYPE]: { schema: { type: "string" } } },
      },
    },
    query: schemas.WatchQuery,
    answer: ({ c, params: { name }, query }) => {
      const { intervalMs } = query;
      const known = c.header("last-event-id");
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
    last = undefined; // the client may have only the first
  }
}

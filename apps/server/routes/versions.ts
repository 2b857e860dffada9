// `GET /artifacts/{name}/versions` and `GET /artifacts/{name}/versions/{version}`
import { Buffer } from "node:buffer";
import { compare } from "@std/semver";
import { isRegistryError, parseVersion } from "../../../mod.ts";
import type {
  Artifact,
  ArtifactInfo,
  Registry,
  VersionEntry,
  VersionsOptions,
} from "../../../mod.ts";
import type { ServerContext } from "../context.ts";
import { route } from "../describe.ts";
import { evaluateConditions } from "../files/conditions.ts";
import { answerListing, listing } from "../listing.ts";
import { problem, problemOf } from "../problem.ts";
import type { Routes } from "../routing.ts";
import { ArtifactInfoSchema, InfoQuery, VersionsPage, VersionsQuery } from "../schemas/artifact.ts";

export function versionsRoutes(routes: Routes, { registry, openVersion }: ServerContext): void {
  route(routes, "GET /artifacts/:name/versions", {
    id: "listVersions",
    tag: "artifacts",
    summary: "Lists the versions of a name, newest first; none where there is no such name",
    scope: "read",
    answers: listing(VersionsPage, "A page of versions, or all of them as lines"),
    query: VersionsQuery,
    answer: ({ c, params: { name }, query }) => {
      const { range, details, ...page } = query;
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
    answer: async ({ c, params: { name, version }, query }) => {
      const { commit, data } = query;
      const artifact = await openVersion({ name, version, commit });
      const { info } = artifact;
      const validators = { etag: `"${info.commit}"`, lastModified: info.createdAt.toUTCString() };
      const known = {
        "etag": validators.etag,
        "cache-control": "no-cache",
        "last-modified": validators.lastModified,
      };
      const condition = evaluateConditions(c.req.raw.headers, validators);
      if (condition === "not modified") return new Response(null, { status: 304, headers: known });
      if (condition === "failed") {
        const detail = `Cannot answer: ${
          JSON.stringify(`${name}@${version}`)
        } is commit ${info.commit} now`;
        return problem(412, { code: "Conflict", detail, hint: "Ask without the condition." });
      }
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

// The manifests and files of artifacts: where clients send them, links to them, and their routes.
import * as v from "npm:valibot@^1.5";
import { Buffer } from "node:buffer";
import { giveWay } from "../../../core/kernel.ts";
import { route, type RouteContext, type Routes } from "../../../apps/gateways.ts";
import { publicUrl } from "../../../apps/server/extending.ts";
import { artifactId, changed, type Place, placeOf } from "./artifact_store.ts";
import { type ArtifactStore, MANIFEST_FILE, manifestOf } from "./artifact_store.ts";
import { wrong } from "./errors.ts";
import type { Links } from "./links.ts";
import { idOf, inPath, ownPathProblem, urlPath } from "./names.ts";
import { nameOfCollection, nameOfProject, projectJson } from "./names.ts";
import { answerFile, described, FRESH, operation, uploadHeaders } from "./operations.ts";
import * as s from "./schemas.ts";

/** Files in a page, where clients name no number. */
const PAGE = 5000;

export function artifactFiles(routes: Routes, store: ArtifactStore, links: Links): void {
  sendingOperations(routes, store);
  readingOperations(routes, store, links);
  fileRoutes(routes, store);
}

const hexOf = (md5: string) => Buffer.from(md5, "base64").toString("hex");

function sendingOperations(routes: Routes, store: ArtifactStore): void {
  operation(routes, ["CreateArtifactManifest", "save"], {
    artifactID: s.id,
    manifestType: s.maybe,
  }, (c, { artifactID: id, manifestType = "FULL" }) => {
    c.info.access.check("save", placeOf(id).name);
    if (manifestType !== "FULL") {
      throw wrong("Distributed and incremental artifacts are not supported");
    }
    const uploadUrl = `${publicUrl(c, `/wandb/artifacts/${inPath(id)}/manifest`)}`;
    const file = { id: idOf("File", id), uploadUrl, uploadHeaders: uploadHeaders(c) };
    return { createArtifactManifest: { artifactManifest: { id: idOf("Manifest", id), file } } };
  });

  const file = v.object({ artifactID: s.id, name: s.needed(s.MOST.path), md5: s.name });
  const files = { artifactFiles: s.list(s.MOST.files, file) };
  operation(routes, ["CreateArtifactFiles", "save"], {
    ...files, // of earlier clients
    input: v.nullish(v.object(files)),
  }, async (c, { artifactFiles, input }) => {
    const known = new Map<string, Set<string>>(), edges = [], { access } = c.info;
    const at = `${publicUrl(c, "/wandb/artifacts/")}`;
    for (const { artifactID, name, md5 } of artifactFiles ?? input?.artifactFiles ?? []) {
      await giveWay();
      const place = placeOf(artifactID), hex = hexOf(md5), problem = ownPathProblem(name);
      access.check("save", place.name);
      if (problem !== undefined) throw wrong(`Invalid path ${name}: ${problem}`);
      const its = known.get(place.name) ?? await store.known(place.name, access);
      known.set(place.name, its);
      const uploadUrl = `${at}${inPath(artifactID)}/files/${hex}/${urlPath(name)}`;
      const node = {
        id: idOf("File", artifactID, name),
        name,
        displayName: name,
        storagePath: `wandb_artifacts/${hex}`,
        uploadUrl: its.has(md5) ? null : uploadUrl,
        uploadHeaders: uploadHeaders(c),
        uploadMultipartUrls: null,
        artifact: { id: artifactID },
      };
      edges.push({ node });
    }
    return { createArtifactFiles: { files: { edges } } };
  });
}

function readingOperations(routes: Routes, store: ArtifactStore, links: Links): void {
  operation(routes, ["FetchArtifactManifest", "read"], { id: s.id }, async (c, { id }) => {
    const place = placeOf(id);
    c.info.access.check("read", place.name);
    await store.version(place);
    const path = `/wandb/artifacts/${inPath(id)}/manifest`;
    const file = { directUrl: await links.to(c, path, store.context.system.now()) };
    return { artifact: { currentManifest: { id: idOf("Manifest", id), file } } };
  });

  const paged = { cursor: s.maybe, perPage: v.nullish(s.integer(1, 100_000)) };
  type Page = { cursor?: string; perPage?: number | null };
  /** Returns a page of the files of an artifact, with links to them. */
  const filesOf = async (c: RouteContext, place: Place, { cursor = "0", perPage }: Page) => {
    const files = [...await manifestOf(await store.open(place, c.info.access))], edges = [];
    const from = Number(cursor) || 0, to = from + Math.min(perPage ?? PAGE, PAGE);
    for (const [name, { digest, size: sizeBytes = 0, ref }] of files.slice(from, to)) {
      await giveWay();
      const at = `/wandb/artifacts/${inPath(artifactId(place))}/files/${hexOf(digest)}`;
      const directUrl = ref ??
        await links.to(c, `${at}/${urlPath(name)}`, store.context.system.now());
      edges.push({ node: { __typename: "File", name, displayName: name, sizeBytes, directUrl } });
    }
    const hasNextPage = to < files.length;
    const pageInfo = { hasNextPage, endCursor: hasNextPage ? `${to}` : null };
    return { totalCount: files.length, edges, pageInfo };
  };

  for (const name of ["GetArtifactFileUrls", "ArtifactFileUrls"]) {
    operation(routes, [name, "read"], { id: s.id, ...paged }, async (c, { id, ...page }) => ({
      artifact: { files: await filesOf(c, placeOf(id), page) },
    }));
  }

  operation(routes, ["GetArtifactMembershipFileUrls", "read"], {
    ...s.ofProject,
    collection: s.name,
    alias: s.name,
    ...paged,
  }, async (c, given) => {
    const own = nameOfProject(given), name = nameOfCollection(own, given.collection);
    c.info.access.check("read", name);
    const info = await store.find(name, given.alias);
    const artifactMembership = info ? { files: await filesOf(c, info, given) } : null;
    const artifactCollection = { __typename: "ArtifactSequence", artifactMembership };
    return { project: { ...projectJson(own), artifactCollection } };
  });
}

function fileRoutes(routes: Routes, store: ArtifactStore): void {
  const bodyOf = ({ request }: RouteContext) => request.body ?? new Blob().stream();
  route(routes, "PUT /wandb/artifacts/:id/manifest", {
    ...described("PutManifest", "Adds the manifest of an artifact; the last one counts", "save"),
    answer: async ({ c, params: { id } }) => {
      await store.putManifest(changed(c, id), bodyOf(c));
      return c.json({}, 200, FRESH);
    },
  });

  route(routes, "PUT /wandb/artifacts/:id/files/:md5/:path{[^]+}", {
    ...described("PutArtifactFile", "Adds a file of an artifact", "save"),
    answer: async ({ c, params: { id, md5: hex, path } }) => {
      const md5 = Buffer.from(hex, "hex").toString("base64");
      await store.putFile(changed(c, id), { path, md5, body: bodyOf(c) });
      return c.json({}, 200, FRESH);
    },
  });

  const fileOf = async (c: RouteContext, id: string, path: string) => {
    const artifact = await store.open(placeOf(id), c.info.access);
    return await answerFile(c, store.context, { artifact, path });
  };
  route(routes, "GET /wandb/artifacts/:id/manifest", {
    ...described("GetManifest", "Reads the manifest of an artifact", "read"),
    answer: ({ c, params: { id } }) => fileOf(c, id, MANIFEST_FILE),
  });
  route(routes, "GET /wandb/artifacts/:id/files/:md5/:path{[^]+}", {
    ...described("GetArtifactFile", "Reads a file of an artifact, or a range of it", "read"),
    answer: ({ c, params: { id, path } }) => fileOf(c, id, path),
  });
}

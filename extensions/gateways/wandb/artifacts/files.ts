// The manifests and files of artifacts: where clients send them, links to them, and their routes.
import * as v from "npm:valibot@^1.5";
import { Buffer } from "node:buffer";
import { giveWay, shown } from "../../../../core/kernel.ts";
import { route, type RouteContext, type Routes } from "../../../../apps/gateways.ts";
import { publicUrl } from "../../../../apps/server/extending.ts";
import { artifactId, changed, type Place, placeOf } from "./store.ts";
import { type ArtifactStore, manifestOf } from "./store.ts";
import { type Kind, KINDS, MANIFEST_FILE } from "./manifest.ts";
import { wrong } from "../errors.ts";
import type { Links } from "../links.ts";
import { idOf, inPath, partsOfId, pathProblem, urlPath } from "../names.ts";
import { nameOfCollection, nameOfProject, projectJson } from "../names.ts";
import {
  answerFile,
  type AskedPage,
  described,
  FRESH,
  operation,
  pageOf,
  uploadHeaders,
} from "../operations.ts";
import * as s from "../schemas.ts";

type AskedFiles = AskedPage & { readonly fileNames?: readonly string[] };

/** Files in a page, where clients name no number. */
const PAGE = 5000;

export function artifactFiles(routes: Routes, store: ArtifactStore, links: Links): void {
  sendingOperations(routes, store);
  readingOperations(routes, store, links);
  fileRoutes(routes, store);
}

/** Returns a kind of manifests. */
function kindOf(name: string): Kind {
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name as keyof typeof KINDS] : undefined;
  if (kind === undefined) throw wrong(`Manifests of artifacts have no kind ${shown(name)}`);
  return kind;
}

const hexOf = (md5: string) => Buffer.from(md5, "base64").toString("hex");

function sendingOperations(routes: Routes, store: ArtifactStore): void {
  operation(routes, ["CreateArtifactManifest", "save"], {
    artifactID: s.id,
    manifestType: s.maybe,
  }, (c, { artifactID: id, manifestType = "FULL" }) => ({
    createArtifactManifest: { artifactManifest: manifestJson(c, id, manifestType) },
  }));

  // Of an incremental or distributed artifact, clients ask last where they send its manifest.
  operation(routes, ["UpdateArtifactManifest", "save"], { artifactManifestID: s.id }, (
    c,
    { artifactManifestID },
  ) => {
    const [id = "", kind = ""] = partsOfId("Manifest", artifactManifestID);
    return { updateArtifactManifest: { artifactManifest: manifestJson(c, id, kind) } };
  });

  const manifestJson = (c: RouteContext, id: string, kind: string) => {
    c.info.access.check("save", placeOf(id).name);
    const at = `/wandb/artifacts/${inPath(id)}/manifest`;
    const uploadUrl = `${
      publicUrl(c, kind === "FULL" ? at : `${at}/${kindOf(kind) && kind.toLowerCase()}`)
    }`;
    const file = { id: idOf("File", id), uploadUrl, uploadHeaders: uploadHeaders(c) };
    return { id: idOf("Manifest", id, kind), file };
  };

  const file = v.object({ artifactID: s.id, name: s.needed(s.MOST.path), md5: s.name });
  operation(routes, ["CreateArtifactFiles", "save"], {
    artifactFiles: s.list(s.MOST.files, file),
  }, async (c, { artifactFiles = [] }) => {
    const known = new Map<string, Set<string>>(), edges = [], { access } = c.info;
    const at = `${publicUrl(c, "/wandb/artifacts/")}`;
    for (const { artifactID, name, md5 } of artifactFiles) {
      await giveWay();
      const place = placeOf(artifactID), hex = hexOf(md5), problem = pathProblem(name);
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

  /** Returns a page of the files of an artifact, with links to them. */
  const filesOf = async (c: RouteContext, place: Place, asked: AskedFiles) => {
    const manifest = await manifestOf(await store.open(place, c.info.access));
    const { fileNames = [...manifest.keys()], perPage } = asked;
    const files = fileNames.flatMap((name) => {
      const entry = manifest.get(name);
      return entry === undefined ? [] : [{ name, ...entry }];
    });
    const page = { ...asked, perPage: perPage ?? PAGE, most: PAGE };
    return await pageOf(
      files,
      page,
      ({ name }) => name,
      async ({ name, digest, size: sizeBytes = 0, ref }) => {
        const at = `/wandb/artifacts/${inPath(artifactId(place))}/files/${hexOf(digest)}`;
        const link = ref ?? await links.to(c, `${at}/${urlPath(name)}`, store.context.system.now());
        const its = { id: idOf("File", artifactId(place), name), name, displayName: name };
        const absent = { mimetype: null, updatedAt: null, storagePath: null };
        return { ...its, ...absent, sizeBytes, digest, md5: digest, url: link, directUrl: link };
      },
    );
  };

  const urls = ["GetArtifactFileUrls", "ArtifactFileUrls"];
  operation(routes, [urls, "read"], { id: s.id, ...s.ofPage }, async (c, { id, ...page }) => ({
    artifact: { files: await filesOf(c, placeOf(id), page) },
  }));

  const files = ["GetArtifactMembershipFileUrls", "ArtifactMembershipFiles", "GetArtifactFiles"];
  operation(routes, [[...files, "ArtifactVersionFiles"], "read"], {
    ...s.ofProject,
    ...s.ofProjectName,
    collection: s.maybe,
    alias: s.maybe,
    name: s.maybe, // `model:v0`, of earlier clients
    artifactName: s.maybe,
    fileNames: s.list(1000, s.name),
    ...s.ofPage,
  }, async (c, { name = "", artifactName = name, ...given }) => {
    const [own = "", version = "latest"] = artifactName.split(":");
    const { collection = own, alias = version } = given, project = nameOfProject(given);
    const place = nameOfCollection(project, collection);
    c.info.access.check("read", place);
    const info = await store.find(place, alias);
    const artifact = info ? { files: await filesOf(c, info, given) } : null;
    const artifactCollection = { __typename: "ArtifactSequence", artifactMembership: artifact };
    const its = { artifactCollection, artifactType: { artifact } };
    return { project: { ...projectJson(project), ...its } };
  });
}

function fileRoutes(routes: Routes, store: ArtifactStore): void {
  const bodyOf = ({ request }: RouteContext) => request.body ?? new Blob().stream();
  route(routes, "PUT /wandb/artifacts/:id/manifest", {
    ...described("PutManifest", "Adds the manifest of an artifact; the last one counts", "save"),
    answer: async ({ c, params: { id } }) => {
      await store.putManifest(changed(c, id), "manifest", bodyOf(c));
      return c.json({}, 200, FRESH);
    },
  });

  route(routes, "PUT /wandb/artifacts/:id/manifest/:kind", {
    ...described("PutManifestPart", "Adds files to the manifest of an artifact", "save"),
    answer: async ({ c, params: { id, kind } }) => {
      await store.putManifest(changed(c, id), kindOf(kind.toUpperCase()), bodyOf(c));
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

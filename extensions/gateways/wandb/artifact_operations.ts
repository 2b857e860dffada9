// Operations on artifacts, and the routes that their files take.
import * as v from "npm:valibot@^1.5";
import { Buffer } from "node:buffer";
import { giveWay, orMissing, sortedJson } from "../../../core/kernel.ts";
import type { ArtifactInfo } from "../../../mod.ts";
import { route, type RouteContext, type Routes } from "../../../apps/gateways.ts";
import type { Access, GatewayContext } from "../../../apps/gateways.ts";
import type { RunKey } from "../../runs/mlflow/ids.ts";
import { checkWrites, publicUrl } from "../../../apps/server/extending.ts";
import { updateRun } from "../../runs/mod.ts";
import { artifactId, type Place, placeOf } from "./artifact_store.ts";
import { type ArtifactStore, factsOf, MANIFEST_FILE, manifestOf } from "./artifact_store.ts";
import { wrong } from "./errors.ts";
import { LOGGED_TAG, USED_TAG } from "./finish_run.ts";
import type { Links } from "./links.ts";
import { idOf, indexOf, inPath, objectIn, ownPathProblem, runKey, urlPath } from "./names.ts";
import { nameOfCollection, nameOfProject, type Project, projectJson } from "./names.ts";
import { answerFile, described, FRESH, operation, uploadHeaders } from "./operations.ts";
import { changing } from "./run_operations.ts";
import type { WandbRuns } from "./run_store.ts";
import * as s from "./schemas.ts";

/** Files in a page, where clients name no number. */
const PAGE = 5000;
const aliases = s.list(1000, v.object({ alias: s.name }));
const NEW = {
  ...s.ofProjectName,
  artifactCollectionName: s.name,
  artifactTypeName: s.name,
  runName: s.maybe,
  clientID: s.maybe,
  digest: s.name,
  description: s.optional(s.MOST.path),
  metadata: s.optional(s.MOST.json),
  historyStep: v.nullish(s.integer()),
  aliases,
};

export interface Parts {
  readonly context: GatewayContext;
  readonly runs: WandbRuns;
  readonly store: ArtifactStore;
  readonly links: Links;
}

export function artifactOperations(routes: Routes, parts: Parts): void {
  sendingOperations(routes, parts);
  changeOperations(routes, parts);
  readingOperations(routes, parts);
  fileOperations(routes, parts);
  fileRoutes(routes, parts);
}

/** Returns an artifact that a request may change. */
function changed(c: RouteContext, id: string): Place {
  const place = placeOf(id);
  checkWrites(c, "save", place.name);
  c.info.subject = { ...c.info.subject, draft: place.draft };
  return place;
}

/** Returns the aliases that a request may move. The others follow from versions. */
function movable(c: RouteContext, name: string, given: v.InferOutput<typeof aliases>): string[] {
  const own = (given ?? []).map(({ alias }) => alias)
    .filter((each) => !/^(latest|v\d+)$/.test(each));
  if (own.length === 0) return own;
  c.info.access.check("move", name);
  c.info.aliases = own;
  return own;
}

const hexOf = (md5: string) => Buffer.from(md5, "base64").toString("hex");

function sendingOperations(routes: Routes, { runs, store }: Parts): void {
  operation(routes, ["CreateArtifact", "save"], { input: v.object(NEW) }, async (c, { input }) => {
    const own = nameOfProject(input), { runName, clientID } = input, { access } = c.info;
    const name = nameOfCollection(own, input.artifactCollectionName);
    checkWrites(c, "save", name);
    const run = runName === undefined ? undefined : await runs.find(runKey(own, runName), access);
    const tags = run?.state === "open" ? [...run.facts.tags.keys()] : [];
    const used = tags.filter((tag) => tag.startsWith(USED_TAG));
    const place = await store.create(name, clientID ?? `${runName} ${input.digest}`, {
      ...input,
      aliases: movable(c, name, input.aliases),
      inputs: used.map((tag) => tag.slice(USED_TAG.length)),
    });
    const state = place.version === undefined ? "PENDING" : "COMMITTED";
    if (place.version !== undefined) c.info.version = place.version;
    const artifactSequence = { id: idOf("Collection", name), latestArtifact: null };
    return { createArtifact: { artifact: { id: artifactId(place), state, artifactSequence } } };
  });

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

  operation(routes, ["CommitArtifact", "save"], { artifactID: s.id }, async (
    c,
    { artifactID: id },
  ) => {
    const place = changed(c, id), { access } = c.info;
    const { version, digest, run } = await store.commit(place, access);
    c.info.version = version;
    const [own = ""] = place.name.split("/");
    if (run !== undefined && access.may("save", own)) {
      await tagRun(
        runs,
        { key: runKey(own, run), access },
        `${LOGGED_TAG}${place.name}@${version}`,
      );
    }
    return { commitArtifact: { artifact: { id, digest } } };
  });

  const used = { artifactID: s.optional(s.MOST.id), ...s.ofProjectName, runName: s.maybe };
  operation(routes, ["UseArtifact", "save"], {
    ...used,
    input: v.nullish(v.object(used)),
  }, async (c, { input, ...flat }) => {
    const { artifactID: id = "", runName = "", ...project } = input ?? flat;
    const place = placeOf(id), { access } = c.info;
    access.check("read", place.name);
    const tag = `${USED_TAG}${place.name}@${await store.version(place)}`;
    const key = runKey(nameOfProject(project), runName);
    changing(c, key);
    await tagRun(runs, { key, access }, tag);
    return { useArtifact: { artifact: { id } } };
  });
}

/** Adds a tag to a run that goes on. */
async function tagRun(
  runs: WandbRuns,
  { key, access }: { key: RunKey; access: Access },
  tag: string,
): Promise<void> {
  const run = await runs.find(key, access);
  if (run?.state !== "open") return;
  await updateRun(runs.context.registry, key.name, { id: run.id, tags: { [tag]: "artifact" } });
}

function changeOperations(routes: Routes, { store, context: { registry } }: Parts): void {
  for (const change of ["AddAliases", "DeleteAliases"]) {
    operation(routes, [change, "move"], {
      input: v.object({ artifactID: s.id, aliases }),
    }, async (c, { input: { artifactID, aliases } }) => {
      const place = placeOf(artifactID), { name } = place;
      checkWrites(c, "move", name);
      const version = await store.version(place);
      for (const alias of movable(c, name, aliases)) {
        if (change === "AddAliases") await registry.setAlias(name, alias, version);
        else await registry.deleteAlias(name, alias);
      }
      return { result: { success: true }, addAliases: {}, deleteAliases: {} };
    });
  }

  operation(routes, ["UpdateArtifact", "read"], {
    input: v.object({ artifactID: s.id, description: NEW.description, metadata: NEW.metadata }),
  }, async (c, { input: { artifactID, description, metadata } }) => {
    const artifact = await artifactById(c, store, artifactID), own = artifact.metadata;
    const isSame = sortedJson(objectIn(metadata ?? own)) === sortedJson(objectIn(own));
    if (!isSame || (description ?? artifact.description) !== artifact.description) {
      throw wrong("Only aliases of a saved artifact change: log another version");
    }
    return { result: { artifact }, updateArtifact: { artifact } };
  });
}

async function artifactById({ info: { access } }: RouteContext, store: ArtifactStore, id: string) {
  const place = placeOf(id);
  access.check("read", place.name);
  return await artifactJson(store, await store.info(place));
}

async function artifactJson(store: ArtifactStore, info: ArtifactInfo) {
  const { name, version, size, createdAt } = info, facts = factsOf(info);
  const { wandb: _, ...own } = info.metadata;
  const [project = "", collection = ""] = name.split("/");
  const __typename = "ArtifactSequence";
  const its = { __typename, id: idOf("Collection", name), name: collection };
  const artifactSequence = { ...its, project: projectJson(project) };
  const at = new Date(createdAt).toISOString();
  const aliases = (await store.aliasesOf(info)).map((alias) => ({
    __typename: "ArtifactAlias",
    id: idOf("Alias", name, alias),
    alias,
    artifactCollection: artifactSequence,
  }));
  return {
    __typename: "Artifact",
    id: artifactId({ name, version }),
    artifactSequence,
    versionIndex: indexOf(version),
    artifactType: { name: facts.type },
    description: facts.description ?? null,
    metadata: JSON.stringify(own),
    ttlDurationSeconds: -2,
    ttlIsInherited: true,
    tags: [],
    historyStep: facts.step ?? null,
    state: "COMMITTED",
    size: facts.size ?? size,
    digest: String(facts.digest),
    digestAlgorithm: "MANIFEST_MD5",
    commitHash: null,
    fileCount: facts.files ?? info.files.length,
    createdAt: at,
    updatedAt: at,
    aliases,
  };
}

function readingOperations(routes: Routes, { store, runs }: Parts): void {
  const ofRun = { ...s.ofProject, run: s.maybe, runName: s.maybe };
  const tagged = [["RunInputArtifacts", USED_TAG], ["RunOutputArtifacts", LOGGED_TAG]] as const;
  for (const [id, prefix] of tagged) {
    operation(routes, [id, "read"], ofRun, async (c, { run: id = "", runName = id, ...of }) => {
      const own = nameOfProject(of), { access } = c.info, edges = [];
      access.check("read", own);
      const run = await runs.find(runKey(own, runName), access);
      const known = await runs.known(run, access);
      for (const tag of known?.tags.keys() ?? []) {
        const [, name = "", version] = /^([^]*)@([^@]+)$/.exec(tag.slice(prefix.length)) ?? [];
        if (!tag.startsWith(prefix) || !access.may("read", name)) continue;
        const info = await orMissing(store.info({ name, version }));
        if (info !== undefined) edges.push({ node: await artifactJson(store, info) });
      }
      const pageInfo = { __typename: "PageInfo", endCursor: null, hasNextPage: false };
      const artifacts = { totalCount: edges.length, pageInfo, edges };
      return { project: { ...projectJson(own), run: { artifacts } } };
    });
  }

  const named = { ...s.ofProject, name: s.name };
  /** Finds the artifact `model:v1` of a project that a request may read. */
  const find = async (c: RouteContext, given: Project & { name: string }) => {
    const [, collection = given.name, alias = "latest"] = /^([^:]+):([^]+)$/.exec(given.name) ?? [];
    const own = nameOfProject(given), name = nameOfCollection(own, collection);
    c.info.access.check("read", name);
    const info = await store.find(name, alias);
    return { own, artifact: info === undefined ? null : await artifactJson(store, info) };
  };

  operation(routes, ["ArtifactMembershipByName", "read"], named, async (c, given) => {
    const { own, artifact } = await find(c, given);
    const membership = artifact && {
      __typename: "ArtifactCollectionMembership",
      id: `${artifact.id}`,
      versionIndex: artifact.versionIndex,
      createdAt: artifact.createdAt,
      aliases: artifact.aliases,
      artifactCollection: artifact.artifactSequence,
      artifact,
    };
    return { project: { ...projectJson(own), artifactCollectionMembership: membership } };
  });

  for (const name of ["ArtifactByName", "ArtifactType"]) {
    operation(routes, [name, "read"], named, async (c, given) => {
      const { own, artifact } = await find(c, given);
      return { project: { ...projectJson(own), artifact } };
    });
  }

  operation(routes, ["ArtifactByID", "read"], { id: s.id }, async (c, { id }) => ({
    artifact: await artifactById(c, store, id),
  }));

  // Earlier clients ask for an input before they send it.
  operation(routes, ["TypeInfo", "read"], { name: s.name }, (_, { name }) => ({
    __type: name === "AddAliasesInput" ? { name, fields: [], inputFields: [] } : null,
  }));
  operation(routes, ["InputFields", "read"], { typeName: s.name }, (_, { typeName }) => {
    const members = typeName === "CreateArtifactInput" ? Object.keys(NEW) : [];
    return { TypeInfo: { inputFields: members.map((name) => ({ name })) } };
  });
}

function fileOperations(routes: Routes, { store, context: { system }, links }: Parts): void {
  operation(routes, ["FetchArtifactManifest", "read"], { id: s.id }, async (c, { id }) => {
    const place = placeOf(id);
    c.info.access.check("read", place.name);
    await store.version(place);
    const path = `/wandb/artifacts/${inPath(id)}/manifest`;
    const file = { directUrl: await links.to(c, path, system.now()) };
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
      const directUrl = ref ?? await links.to(c, `${at}/${urlPath(name)}`, system.now());
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

function fileRoutes(routes: Routes, { store, context }: Parts): void {
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
    return await answerFile(c, context, { artifact, path });
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

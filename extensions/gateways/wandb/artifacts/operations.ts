// Operations on artifacts. files.ts has those on their files.
import * as v from "npm:valibot@^1.5";
import { orMissing, sortedJson } from "../../../../core/kernel.ts";
import { type ArtifactInfo, readLineage } from "../../../../mod.ts";
import type { RouteContext, Routes } from "../../../../apps/gateways.ts";
import type { RunKey } from "../../../runs/mlflow/ids.ts";
import { checkWrites } from "../../../../apps/server/extending.ts";
import { runIdIn } from "../../../runs/mlflow/stored_run.ts";
import { factsOf, tagsOf } from "./facts.ts";
import { artifactId, type ArtifactStore, changed, placeOf } from "./store.ts";
import { wrong } from "../errors.ts";
import { LOGGED_TAG, USED_TAG } from "../finish_run.ts";
import { idOf, indexOf, objectIn, partsOfId, runId, runKey } from "../names.ts";
import { nameOfCollection, nameOfProject, projectJson, projectOf } from "../names.ts";
import { type AskedPage, operation, pageOf, query } from "../operations.ts";
import { changing } from "../run_operations.ts";
import type { WandbRuns } from "../run_store.ts";
import * as s from "../schemas.ts";

const aliases = s.list(1000, v.object({ alias: s.name }));
const tags = s.list(1000, v.object({ tagName: s.name }));
const NEW = {
  ...s.ofProjectName,
  artifactCollectionName: s.maybe,
  artifactTypeName: s.name,
  runName: s.maybe,
  clientID: s.maybe,
  distributedID: s.maybe,
  digest: s.name,
  description: s.optional(s.MOST.path),
  metadata: s.optional(s.MOST.json),
  historyStep: v.nullish(s.integer()),
  aliases,
  tags,
};

export function artifactOperations(routes: Routes, runs: WandbRuns, store: ArtifactStore): void {
  sendingOperations(routes, runs, store);
  changeOperations(routes, store);
  readingOperations(routes, runs, store);
  listOperations(routes, store);
  lineageOperations(routes, runs, store);
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

function sendingOperations(routes: Routes, runs: WandbRuns, store: ArtifactStore): void {
  operation(routes, ["CreateArtifact", "save"], NEW, async (c, given) => {
    const own = nameOfProject(given), { runName, clientID } = given, { access } = c.info;
    const { artifactCollectionName: collection } = given;
    if (collection === undefined) { // `log_artifact` of `Api().run()`
      throw wrong(
        "Runs log a saved artifact only while they go on: begin the run again by `resume`",
      );
    }
    const name = nameOfCollection(own, collection);
    checkWrites(c, "save", name);
    const run = runName === undefined ? undefined : await runs.find(runKey(own, runName), access);
    const ofRun = run?.state === "open" ? [...run.tags.keys()] : [];
    const used = ofRun.filter((tag) => tag.startsWith(USED_TAG));
    const { distributedID: distributed, ...artifact } = given;
    const ids = { client: clientID ?? `${runName} ${given.digest}`, distributed };
    const place = await store.create(name, ids, {
      ...artifact,
      aliases: movable(c, name, given.aliases),
      tags: given.tags?.length ? given.tags.map(({ tagName }) => tagName) : undefined,
      inputs: used.map((tag) => tag.slice(USED_TAG.length)),
    });
    const state = place.version === undefined ? "PENDING" : "COMMITTED";
    if (place.version !== undefined) c.info.version = place.version;
    const artifactSequence = { id: idOf("Collection", name), latestArtifact: null };
    return { createArtifact: { artifact: { id: artifactId(place), state, artifactSequence } } };
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
      const key = runKey(own, run), tag = `${LOGGED_TAG}${place.name}@${version}`;
      await runs.addTag(key, [tag, "artifact"], access);
    }
    return { commitArtifact: { artifact: { id, digest } } };
  });

  // Artifacts refer to one that their client is sending, such as a table that is logged twice.
  operation(routes, ["ClientIDMapping", "save"], { clientID: s.id }, async (c, { clientID }) => {
    const place = await store.sent(clientID, c.info.access);
    return { clientIDMapping: place ? { serverID: artifactId(place) } : null };
  });

  operation(routes, ["UseArtifact", "save"], {
    artifactID: s.id,
    ...s.ofProjectName,
    runName: s.name,
  }, async (c, { artifactID: id, runName, ...project }) => {
    const place = placeOf(id), { access } = c.info;
    access.check("read", place.name);
    const tag = `${USED_TAG}${place.name}@${await store.version(place)}`;
    const key = runKey(nameOfProject(project), runName);
    changing(c, key);
    await runs.addTag(key, [tag, "artifact"], access);
    return { useArtifact: { artifact: { id } } };
  });
}

function changeOperations(routes: Routes, store: ArtifactStore): void {
  const { registry } = store.context;
  for (const change of ["AddAliases", "DeleteAliases"]) {
    operation(routes, [change, "move"], { artifactID: s.id, aliases }, async (
      c,
      { artifactID, aliases },
    ) => {
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
    artifactID: s.id,
    description: NEW.description,
    metadata: NEW.metadata,
    tagsToAdd: tags,
    tagsToDelete: tags,
    ttlDurationSeconds: v.nullish(s.integer(-2)),
  }, async (c, { artifactID, description, metadata, ...more }) => {
    const { tagsToAdd = [], tagsToDelete = [], ttlDurationSeconds: ttl } = more;
    if (tagsToAdd.length + tagsToDelete.length > 0) {
      throw wrong("Tags of a saved artifact do not change: use aliases, or log another version");
    }
    if ((ttl ?? 0) > 0) throw wrong("Artifacts do not expire: use holdfast prune");
    const artifact = await artifactById(c, store, artifactID), own = artifact.metadata;
    const isSame = sortedJson(objectIn(metadata ?? own)) === sortedJson(objectIn(own));
    if (!isSame || (description ?? artifact.description) !== artifact.description) {
      throw wrong("Only aliases of a saved artifact change: log another version");
    }
    return { result: { artifact }, updateArtifact: { artifact } };
  });
}

async function infoById({ info: { access } }: RouteContext, store: ArtifactStore, id: string) {
  const place = placeOf(id);
  access.check("read", place.name);
  return await store.info(place);
}

async function artifactById(c: RouteContext, store: ArtifactStore, id: string) {
  return await artifactJson(store, await infoById(c, store, id));
}

/** The JSON of a collection of artifacts, whose newest version is known. */
function collectionJson(newest: ArtifactInfo) {
  const { name, createdAt } = newest, [project = "", collection = ""] = name.split("/");
  return {
    __typename: "ArtifactSequence",
    id: idOf("Collection", name),
    name: collection,
    description: null,
    createdAt,
    updatedAt: createdAt,
    project: projectJson(project),
    type: { name: factsOf(newest).type },
    tags: { edges: [] },
  };
}

function aliasJson(name: string, alias: string) {
  return { __typename: "ArtifactAlias", id: idOf("Alias", name, alias), alias };
}

async function artifactJson(
  store: ArtifactStore,
  info: ArtifactInfo,
  aliasesOf?: (version: string) => string[],
) {
  const { name, version, size, createdAt } = info, facts = factsOf(info);
  const { wandb: _, ...own } = info.metadata, artifactSequence = collectionJson(info);
  const at = new Date(createdAt).toISOString();
  const aliases = (aliasesOf ?? await store.aliasesOf(name))(version)
    .map((alias) => ({ ...aliasJson(name, alias), artifactCollection: artifactSequence }));
  return {
    __typename: "Artifact",
    id: artifactId({ name, version }),
    artifactSequence,
    versionIndex: indexOf(version),
    artifactType: { name: facts.type },
    description: facts.description ?? null,
    metadata: String(facts.metadata ?? JSON.stringify(own)),
    ttlDurationSeconds: -2,
    ttlIsInherited: true,
    tags: tagsOf(facts).map((tag) => ({ __typename: "Tag", id: idOf("Tag", tag), name: tag })),
    historyStep: facts.step ?? null,
    state: "COMMITTED",
    size: facts.size ?? size,
    digest: String(facts.digest),
    digestAlgorithm: "MANIFEST_MD5",
    commitHash: info.commit,
    fileCount: facts.files ?? info.files.length,
    createdAt: at,
    updatedAt: at,
    aliases,
  };
}

/** Returns what names a version among others. */
const refOf = ({ name, version }: ArtifactInfo) => `${name}@${version}`;

function readingOperations(routes: Routes, runs: WandbRuns, store: ArtifactStore): void {
  const tagged = [["RunInputArtifacts", USED_TAG], ["RunOutputArtifacts", LOGGED_TAG]] as const;
  for (const [name, prefix] of tagged) {
    query([routes, runs], name, s.ofPage, async (run, page, { info: { access } }) => {
      const found = [];
      for (const tag of (await runs.known(run))?.tags.keys() ?? []) {
        const [, name = "", version] = /^([^]*)@([^@]+)$/.exec(tag.slice(prefix.length)) ?? [];
        if (!tag.startsWith(prefix) || !access.may("read", name)) continue;
        const info = await orMissing(store.info({ name, version }));
        if (info !== undefined) found.push(info);
      }
      return { artifacts: await pageOf(found, page, refOf, (info) => artifactJson(store, info)) };
    });
  }

  const named = { ...s.ofProject, name: s.name };
  const byName = ["ArtifactMembershipByName", "ArtifactByName", "ArtifactType"];
  operation(routes, [byName, "read"], named, async (c, given) => {
    const [, collection = given.name, alias = "latest"] = /^([^:]+):([^]+)$/.exec(given.name) ?? [];
    const own = nameOfProject(given), name = nameOfCollection(own, collection);
    c.info.access.check("read", name);
    const info = await store.find(name, alias);
    const artifact = info ? await artifactJson(store, info) : null;
    const artifactCollectionMembership = artifact && {
      ...artifact,
      __typename: "ArtifactCollectionMembership",
      artifactCollection: artifact.artifactSequence,
      artifact,
    };
    return { project: { ...projectJson(own), artifact, artifactCollectionMembership } };
  });

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

/** The lists of artifacts: the types and collections of a project, and the versions of a collection. */
function listOperations(routes: Routes, store: ArtifactStore): void {
  const listed = {
    ...s.ofProject,
    ...s.ofProjectName,
    ...s.ofPage,
    type: s.maybe,
    artifactType: s.maybe, // of earlier clients
    artifactTypeName: s.maybe,
    collection: s.maybe,
    name: s.maybe,
    order: s.maybe,
    filters: s.optional(s.MOST.path),
  };
  const idsOfTypes = ["ProjectArtifactTypes", "ProjectArtifactType", "ProjectArtifacts"];
  const idsOfCollections = ["ProjectArtifactCollections", "ProjectArtifactCollection"];
  const ids = [...idsOfTypes, ...idsOfCollections, "ArtifactTypeArtifactCollections"];
  operation(routes, [ids, "read"], listed, async (
    c,
    { artifactTypeName, artifactType: early = artifactTypeName, type = early, name, ...given },
  ) => {
    const { collection = name, order = "-createdAt", filters } = given;
    const others = Object.keys(objectIn(filters)).filter((key) => key !== "state");
    if (!/^[+-]?createdAt$/.test(order) || others.length > 0) {
      throw wrong("Artifacts cannot be filtered, and ordered only by createdAt");
    }
    const own = nameOfProject(given), { access } = c.info;
    access.check("read", own);
    const all = await store.collections(own, access, collection);
    const ofTypes = new Map(all.map((info) => [String(factsOf(info).type), info]));
    const types = Array.from(ofTypes, ([name, { createdAt }]) => ({
      __typename: "ArtifactType",
      id: idOf("ArtifactType", own, name),
      name,
      description: null,
      createdAt,
    }));
    const its = all.filter((info) => type === undefined || factsOf(info).type === type);
    const artifactTypes = await pageOf(types, given, ({ name }) => name, (each) => each);
    const artifactCollections = await pageOf(its, given, ({ name }) => name, collectionJson);
    const found = types.find(({ name }) => name === type), [newest] = its;
    const isOne = collection !== undefined && newest !== undefined;
    const artifactCollection = isOne ? await versionsJson(newest, order, given) : null;
    const artifactType = found ? { ...found, artifactCollections, artifactCollection } : null;
    return { project: { ...projectJson(own), artifactTypes, artifactCollections, artifactType } };
  });

  /** Returns a collection with a page of its versions. */
  const versionsJson = async (newest: ArtifactInfo, order: string, page: AskedPage) => {
    const { name } = newest, versions = await store.versions(name);
    const aliasesOf = await store.aliasesOf(name);
    if (!order.startsWith("-")) versions.reverse();
    const listed = await pageOf(
      versions,
      page,
      refOf,
      (info) => artifactJson(store, info, aliasesOf),
    );
    const edges = listed.edges.map((edge) => ({ ...edge, version: `v${edge.node.versionIndex}` }));
    const artifacts = { ...listed, edges };
    return { ...collectionJson(newest), aliases: await aliasesJson(name), artifacts };
  };

  const aliasesJson = async (name: string, page?: AskedPage) => {
    const all = await Array.fromAsync(store.context.registry.aliases(name));
    const names = ["latest", ...all.map(({ alias }) => alias)];
    const asked = { most: 1000, perPage: 1000, ...page };
    return await pageOf(names, asked, (alias) => alias, (alias) => aliasJson(name, alias));
  };
  operation(routes, ["ArtifactCollectionAliases", "read"], { id: s.id, ...s.ofPage }, async (
    c,
    { id, ...page },
  ) => {
    const [name = ""] = partsOfId("Collection", id, 1);
    c.info.access.check("read", name);
    const aliases = await aliasesJson(name, page);
    return { artifactCollection: { __typename: "ArtifactSequence", aliases } };
  });
}

/** The run that logged an artifact, and the runs of its entity that used it. */
function lineageOperations(routes: Routes, runs: WandbRuns, store: ArtifactStore): void {
  const nodeOf = (key: RunKey) => ({
    __typename: "Run",
    id: runId(key),
    name: key.id,
    project: projectJson(key.name),
  });
  operation(routes, ["ArtifactCreatedBy", "read"], { id: s.id }, async (c, { id }) => {
    const info = await infoById(c, store, id), { run } = factsOf(info);
    const [name = ""] = info.name.split("/");
    return { artifact: { createdBy: typeof run === "string" ? nodeOf({ name, id: run }) : null } };
  });
  operation(routes, ["ArtifactUsedBy", "read"], { id: s.id }, async (c, { id }) => {
    const { name, version } = await infoById(c, store, id), ref = `${name}@${version}`;
    const { access } = c.info, [own = ""] = name.split("/"), { entity } = projectOf(own);
    const found = new Map<string, RunKey>();
    for await (const { key, tags } of runs.openIn(entity, access)) {
      if (tags.has(USED_TAG + ref)) found.set(runId(key), key);
    }
    const { registry } = store.context;
    const { nodes } = await readLineage(registry, ref, { direction: "down", depth: 1 });
    for (const { ref, metadata = {} } of nodes) {
      const key = { name: ref.replace(/@[^]*/, ""), id: runIdIn({ metadata }) ?? "" };
      const isOwn = key.id !== "" && projectOf(key.name).entity === entity;
      if (isOwn && access.may("read", key.name)) found.set(runId(key), key);
    }
    return {
      artifact: { usedBy: { edges: Array.from(found.values(), (key) => ({ node: nodeOf(key) })) } },
    };
  });
}

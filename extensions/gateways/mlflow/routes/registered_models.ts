// Requests about registered models and their versions.
import * as v from "npm:valibot@^1.5";
import type { StandardSchema } from "../../../../registry/mod.ts";
import { isRegistryError } from "../../../../core/kernel.ts";
import { route, type RouteContext } from "../../../../apps/gateways.ts";
import { checkWrites } from "../../../../apps/server/extending.ts";
import type { RouteDescription, Routes } from "../../../../apps/gateways.ts";
import { versionRoot } from "../artifacts.ts";
import { described, FRESH, type MlflowContext } from "../context.ts";
import { unsupported, wrong } from "../errors.ts";
import { modelExists, modelJson, ModelStore, noSuchVersion, versionJson } from "../models.ts";
import { versionOf } from "../models.ts";
import type { TagChange } from "../name_tags.ts";
import { NOTE } from "../shown_tags.ts";
import * as s from "../schemas.ts";
import { modelSearchRoutes } from "./model_search.ts";

const API = "/api/2.0/mlflow";
/** A tag of prompts, which clients keep among models. */
const IS_PROMPT = "mlflow.prompt.is_prompt";
const STAGES = "This service does not have stages";
const USE_ALIASES =
  "Set an alias instead: client.set_registered_model_alias(name, alias, version).";

/** Bytes of the notes and labels of a version, as JSON. */
const MOST_NOTES = 60 * 1024;

const tags = s.list(s.COUNT.facts, s.tag(s.MOST.tagOfModel));
const description = s.text(s.MOST.text);
const OfModel = v.object({ name: s.needed(s.MOST.name) });
const OfVersion = v.object({ ...OfModel.entries, version: s.needed(s.MOST.key) });
const OfAlias = v.object({ ...OfModel.entries, alias: s.needed(s.MOST.alias) });
const Described = v.object({ ...OfModel.entries, tags, description });
const NewVersion = v.object({
  ...Described.entries,
  source: s.needed(s.MOST.path),
  run_id: s.text(s.MOST.id),
  run_link: s.text(s.MOST.path),
  model_id: s.text(s.MOST.id),
});
/** Stages, which are refused. */
const WithStages = v.object({ ...OfModel.entries, stages: s.texts(10, s.MOST.name) });
const StagesQuery = v.object({ ...OfModel.entries, stages: s.repeated(10, s.MOST.name) });

/** The members of requests that name a model, or a part of one. */
interface AskedModel {
  readonly name: string;
  readonly version?: string;
  readonly alias?: string;
}

interface Asked<T> {
  c: RouteContext;
  /** The query or the body. */
  json: T;
  model: string;
  /** The name in the registry. */
  name: string;
}

type Row<T> = readonly [
  id: string,
  summary: string,
  right: "read" | "save" | "move" | "delete",
  schema: StandardSchema<T>,
];

/** Adds the routes. Each asks for a right on the name of its model. */
export function modelRoutes(routes: Routes, context: MlflowContext): void {
  const models = new ModelStore(context);
  const add: Add = (place, [id, summary, right, schema], answer) => {
    const described_ = described(id, summary, right as RouteDescription["scope"]);
    const answered = async (c: RouteContext, json: AskedModel) => {
      const { name: model, version, alias } = json;
      const name = models.nameOf(model);
      if (right === "read") c.info.access.check("read", name);
      else {
        // The entry in the audit trail names what is changed.
        if (version !== undefined) c.info.version = versionOf(version);
        if (alias !== undefined) c.info.aliases = [alias];
        checkWrites(c, right, name);
      }
      return c.json(await answer({ c, json: json as never, model, name }) ?? {}, 200, FRESH);
    };
    const at = place.replace(" ", ` ${API}/`) as `GET /${string}`;
    if (at.startsWith("GET ")) {
      route(routes, at, {
        ...described_,
        query: schema,
        answer: ({ c, query }) => answered(c, query as AskedModel),
      });
    } else {
      route(routes, at, {
        ...described_,
        json: schema,
        answer: ({ c, json }) => answered(c, json as AskedModel),
      });
    }
  };
  registeredRoutes(add, models);
  aliasRoutes(add, models, context);
  versionRoutes(add, models, context);
  modelSearchRoutes(routes, models);
}

type Add = <T extends AskedModel>(
  place: string,
  row: Row<T>,
  answer: (asked: Asked<T>) => Promise<unknown>,
) => void;

/** Throws for a prompt, which clients keep as a model with a tag. */
function checkNoPrompt(tags: ReadonlyMap<string, string>): void {
  if (tags.get(IS_PROMPT) !== "true") return;
  throw unsupported("This service does not have prompts", "Keep them in files, as artifacts.");
}

function registeredRoutes(add: Add, models: ModelStore): void {
  /** Returns a model; only its name to a token that may not read it. */
  const ofModel = async ({ c }: { c: RouteContext }, model: string) => ({
    registered_model: c.info.access.may("read", models.nameOf(model))
      ? modelJson(await models.model(model))
      : { name: model },
  });

  add(
    "POST registered-models/create",
    ["CreateModel", "Creates a model without a version", "save", Described],
    async (asked) => {
      const { c, json, model, name } = asked;
      const tags = s.byKey(json.tags);
      checkNoPrompt(tags);
      if (json.description !== undefined) tags.set(NOTE, json.description);
      if (tags.size > 0) checkWrites(c, "move", name);
      const keepsTags = !c.info.access.may("move", name);
      if (await models.isThere(model) || !await models.createModel(model, tags, { keepsTags })) {
        if (c.info.access.may("read", name)) throw modelExists(model);
        if (tags.size > 0) await models.changeModel(model, tags);
      }
      return await ofModel(asked, model);
    },
  );
  add(
    "GET registered-models/get",
    ["GetModel", "Returns a registered model", "read", OfModel],
    (asked) => ofModel(asked, asked.model),
  );
  add(
    "PATCH registered-models/update",
    [
      "UpdateModel",
      "Changes the description of a model",
      "move",
      v.object({ ...OfModel.entries, description }),
    ],
    async (asked) => {
      const { json, model } = asked;
      await models.changeModel(model, new Map([[NOTE, json.description ?? null]]));
      return await ofModel(asked, model);
    },
  );
  add(
    "DELETE registered-models/delete",
    ["DeleteModel", "Deletes a model and all of its versions", "delete", OfModel],
    async ({ model }) => await models.deleteModel(model),
  );
  add(
    "POST registered-models/rename",
    [
      "RenameModel",
      "Renames a model that has no version",
      "delete",
      v.object({ ...OfModel.entries, new_name: s.needed(s.MOST.name) }),
    ],
    async (asked) => {
      const { c, json: { new_name: to }, model, name } = asked;
      c.info.access.check("read", name);
      for (const right of ["save", "move"] as const) checkWrites(c, right, models.nameOf(to));
      await models.renameModel(model, to);
      return await ofModel(asked, to);
    },
  );
  tagRoutes(
    add,
    { path: "registered-models", id: "Model", schema: OfModel },
    ({ model }, tag) => models.changeModel(model, tag),
  );
  for (const [method, schema] of [["GET", StagesQuery], ["POST", WithStages]] as const) {
    add(
      `${method} registered-models/get-latest-versions`,
      [`LatestVersions${method}`, "Returns the newest version of a model", "read", schema],
      async ({ json, model }) => {
        if (json.stages.some((stage) => !/^none$/i.test(stage))) throw wrong(STAGES, USE_ALIASES);
        const { latest } = await models.model(model);
        return { model_versions: latest === undefined ? [] : [versionJson(model, latest)] };
      },
    );
  }
}

/** Adds the routes that set and delete a tag. */
function tagRoutes<T extends AskedModel>(
  add: Add,
  { path, id, schema }: {
    path: string;
    id: "Model" | "Version";
    schema: { readonly entries: v.ObjectEntries } & StandardSchema<T>;
  },
  change: (asked: Asked<T>, tag: TagChange) => Promise<void>,
): void {
  const Set = v.object({ ...schema.entries, ...s.tag(s.MOST.tagOfModel).entries });
  const Delete = v.object({ ...schema.entries, key: s.tagKey });
  add<T & s.Tag>(
    `POST ${path}/set-tag`,
    [`Set${id}Tag`, `Sets a tag of a ${id.toLowerCase()}`, "move", Set as never],
    (asked) => change(asked, s.byKey([asked.json])),
  );
  add<T & Pick<s.Tag, "key">>(
    `DELETE ${path}/delete-tag`,
    [`Delete${id}Tag`, `Deletes a tag of a ${id.toLowerCase()}`, "move", Delete as never],
    (asked) => change(asked, new Map([[asked.json.key, null]])),
  );
}

function aliasRoutes(add: Add, models: ModelStore, { registry }: MlflowContext): void {
  add(
    "POST registered-models/alias",
    [
      "SetModelAlias",
      "Points an alias to a version",
      "move",
      v.object({ ...OfVersion.entries, ...OfAlias.entries }),
    ],
    async ({ json: { alias, version }, model, name }) => {
      await registry.setAlias(name, alias, versionOf(version)).catch((error) => {
        if (!isRegistryError(error, "NotFound")) throw error;
        throw noSuchVersion(model, version);
      });
    },
  );
  add(
    "GET registered-models/alias",
    ["GetModelAlias", "Returns the version of an alias", "read", OfAlias],
    async ({ json, model }) => ({
      model_version: versionJson(model, await models.byAlias(model, json.alias)),
    }),
  );
  add(
    "DELETE registered-models/alias",
    ["DeleteModelAlias", "Deletes an alias", "move", OfAlias],
    async ({ json, name }) => void await registry.deleteAlias(name, json.alias),
  );
}

function versionRoutes(add: Add, models: ModelStore, { registry }: MlflowContext): void {
  type OfVersion = Asked<AskedModel & { readonly version: string }>;
  /** Returns a version; only its number to a token that may not read it. */
  const ofVersion = async ({ c, json: { version }, model, name }: OfVersion) => ({
    model_version: c.info.access.may("read", name)
      ? versionJson(model, await models.version(model, version))
      : { name: model, version },
  });
  const refOf = async ({ json: { version }, model, name }: OfVersion) =>
    `${name}@${(await models.version(model, version)).info.version}`;

  add(
    "POST model-versions/create",
    [
      "CreateModelVersion",
      "Saves the files of a run or a logged model as a version",
      "save",
      NewVersion,
    ],
    async ({ c, json, model, name }) => {
      const { source, run_id, run_link, model_id, description: notes } = json;
      const tags = s.byKey(json.tags);
      checkNoPrompt(tags);
      const labels = Object.fromEntries(tags);
      const isNoted = tags.size > 0 || notes !== undefined;
      if (JSON.stringify({ labels, notes }).length > MOST_NOTES) {
        throw wrong(`Tags and description have more than ${MOST_NOTES} bytes`);
      }
      const given = Object.entries({ run_id, run_link, model_id });
      const kept = given.filter((each): each is [string, string] => each[1] !== undefined);
      const asked = { source, kept: Object.fromEntries(kept) };
      const version = await models.create(model, asked, c.info.access);
      c.info.version = version;
      if (isNoted) {
        const change = { labels, ...notes !== undefined && { notes } };
        await models.annotate(`${name}@${version}`, change);
      }
      return { model_version: versionJson(model, await models.version(model, version)) };
    },
  );
  add("GET model-versions/get", [
    "GetModelVersion",
    "Returns a version",
    "read",
    OfVersion,
  ], ofVersion);
  add(
    "GET model-versions/get-download-uri",
    ["ModelVersionUri", "Returns where the files of a version are", "read", OfVersion],
    async ({ json, model }) => {
      const { info } = await models.version(model, json.version);
      return { artifact_uri: versionRoot(info.name, info.version) };
    },
  );
  add(
    "PATCH model-versions/update",
    [
      "UpdateModelVersion",
      "Changes the description of a version",
      "move",
      v.object({ ...OfVersion.entries, description }),
    ],
    async (asked) => {
      await models.annotate(await refOf(asked), { notes: asked.json.description ?? null });
      return await ofVersion(asked);
    },
  );
  tagRoutes(
    add,
    { path: "model-versions", id: "Version", schema: OfVersion },
    async (asked, tag) => models.annotate(await refOf(asked), { labels: Object.fromEntries(tag) }),
  );
  add(
    "DELETE model-versions/delete",
    ["DeleteModelVersion", "Deletes a version", "delete", OfVersion],
    async ({ json: { version }, model, name }) => {
      if (await registry.delete(name, { version: versionOf(version) })) return;
      throw noSuchVersion(model, version);
    },
  );
  add(
    "POST model-versions/transition-stage",
    ["TransitionStage", "Refuses stages: aliases take their place", "move", OfVersion],
    () => Promise.reject(wrong(STAGES, USE_ALIASES)),
  );
}

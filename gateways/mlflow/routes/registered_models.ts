// Requests about registered models and their versions.
import { isRegistryError } from "../../../core/kernel.ts";
import { checkWrites, route, type RouteContext } from "../../../apps/server/extending.ts";
import type { RouteDescription } from "../../../apps/gateways.ts";
import type { Answer, Routes } from "../../../apps/server/extending.ts";
import { versionRoot } from "../artifacts.ts";
import { type Body, bodyOf, countIn, needText, objects, readBody, readQuery } from "../body.ts";
import { tagsIn, text, texts } from "../body.ts";
import { described, FRESH, type MlflowContext } from "../context.ts";
import { wrong } from "../errors.ts";
import { type Fields, parseFilter, parseOrder, type Valued } from "../filter.ts";
import { modelExists, modelJson, ModelStore, noSuchVersion, versionJson } from "../models.ts";
import { versionOf } from "../models.ts";
import type { TagChange } from "../name_tags.ts";
import { NOTE } from "../shown_tags.ts";
import { pageOf } from "../pages.ts";

const API = "/api/2.0/mlflow";
const MOST = { models: 1000, versions: 200_000, usual: 100 };
/** A tag that clients ask for in each search: they keep prompts among models. */
const IS_PROMPT = "mlflow.prompt.is_prompt";
const STAGES = "This service does not have stages";
const USE_ALIASES =
  "Set an alias instead: client.set_registered_model_alias(name, alias, version).";

const TIMES = { creation_timestamp: "number", last_updated_timestamp: "number" } as const;
const MODEL_FIELDS: Fields = {
  kinds: { tag: ["tag", "text"], tags: ["tag", "text"] },
  attributes: { name: "text", ...TIMES },
  aliases: { timestamp: "last_updated_timestamp" },
};
const VERSION_FIELDS: Fields = {
  kinds: MODEL_FIELDS.kinds,
  attributes: {
    name: "text",
    version_number: "number",
    run_id: "text",
    source_path: "text",
    model_id: "text",
    ...TIMES,
  },
  aliases: {
    timestamp: "last_updated_timestamp",
    version: "version_number",
    source: "source_path",
  },
};

interface Asked {
  c: RouteContext;
  body: Body;
  model: string;
  /** The name in the registry. */
  name: string;
}

/** Adds the routes. Each asks for a right on the name of its model. */
export function modelRoutes(routes: Routes, context: MlflowContext): void {
  const models = new ModelStore(context);
  const add = (
    place: string,
    [id, summary, right]: readonly [string, string, "read" | "save" | "move" | "delete"],
    answer: (asked: Asked) => Promise<unknown>,
  ) =>
    route(routes, `${place.replace(" ", ` ${API}/`)}` as `GET /${string}`, {
      ...described(id, summary, right as RouteDescription["scope"]),
      answer: async ({ c }): Promise<Answer> => {
        const body = c.request.method === "GET" ? bodyOf(readQuery(c)) : await readBody(c);
        const model = needText(body, "name");
        const name = models.nameOf(model);
        if (right === "read") c.info.access.check("read", name);
        else checkWrites(c, right, name);
        return c.json(await answer({ c, body, model, name }) ?? {}, 200, FRESH);
      },
    });
  registeredRoutes(add, models);
  aliasRoutes(add, models, context);
  versionRoutes(add, models, context);
  searchRoutes(routes, models);
}

type Add = (
  place: string,
  row: readonly [string, string, "read" | "save" | "move" | "delete"],
  answer: (asked: Asked) => Promise<unknown>,
) => void;

function registeredRoutes(add: Add, models: ModelStore): void {
  /** Returns a model; only its name to a token that may not read it. */
  const ofModel = async ({ c }: Asked, model: string) => ({
    registered_model: c.info.access.may("read", models.nameOf(model))
      ? modelJson(await models.model(model))
      : { name: model },
  });

  add(
    "POST registered-models/create",
    ["CreateModel", "Creates a model without a version", "save"],
    async (asked) => {
      const { c, body, model, name } = asked;
      const tags = tagsIn(objects(body, "tags")), notes = text(body, "description");
      if (notes !== undefined) tags.set(NOTE, notes);
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
    ["GetModel", "Returns a registered model", "read"],
    (asked) => ofModel(asked, asked.model),
  );
  add(
    "PATCH registered-models/update",
    ["UpdateModel", "Changes the description of a model", "move"],
    async (asked) => {
      const { body, model } = asked;
      await models.changeModel(model, new Map([[NOTE, text(body, "description") ?? null]]));
      return await ofModel(asked, model);
    },
  );
  add(
    "DELETE registered-models/delete",
    ["DeleteModel", "Deletes a model and all of its versions", "delete"],
    async ({ model }) => await models.deleteModel(model),
  );
  add(
    "POST registered-models/rename",
    ["RenameModel", "Renames a model that has no version", "delete"],
    async (asked) => {
      const { c, body, model, name } = asked;
      const to = needText(body, "new_name");
      c.info.access.check("read", name);
      for (const right of ["save", "move"] as const) checkWrites(c, right, models.nameOf(to));
      await models.renameModel(model, to);
      return await ofModel(asked, to);
    },
  );
  tagRoutes(
    add,
    { path: "registered-models", id: "Model" },
    ({ model }, tag) => models.changeModel(model, tag),
  );
  for (const method of ["GET", "POST"]) {
    add(
      `${method} registered-models/get-latest-versions`,
      [`LatestVersions${method}`, "Returns the newest version of a model", "read"],
      async ({ body, model }) => {
        const stages = [body.stages ?? []].flat().filter((stage) => !/^none$/i.test(`${stage}`));
        if (stages.length > 0) throw wrong(STAGES, USE_ALIASES);
        const { latest } = await models.model(model);
        return { model_versions: latest === undefined ? [] : [versionJson(model, latest)] };
      },
    );
  }
}

/** Adds the routes that set and delete a tag. */
function tagRoutes(
  add: Add,
  { path, id }: { path: string; id: "Model" | "Version" },
  change: (asked: Asked, tag: TagChange) => Promise<void>,
): void {
  for (const [method, way] of [["POST", "Set"], ["DELETE", "Delete"]] as const) {
    add(
      `${method} ${path}/${way.toLowerCase()}-tag`,
      [`${way}${id}Tag`, `${way}s a tag of a ${id.toLowerCase()}`, "move"],
      (asked) => {
        const [[key, value] = ["", ""]] = tagsIn([asked.body]);
        return change(asked, new Map([[key, way === "Set" ? value : null]]));
      },
    );
  }
}

function aliasRoutes(add: Add, models: ModelStore, { registry }: MlflowContext): void {
  add(
    "POST registered-models/alias",
    ["SetModelAlias", "Points an alias to a version", "move"],
    async ({ c, body, model, name }) => {
      const version = versionOf(needText(body, "version"));
      const alias = needText(body, "alias");
      c.info.aliases = [alias];
      await registry.setAlias(name, alias, version).catch((error) => {
        if (!isRegistryError(error, "NotFound")) throw error;
        throw noSuchVersion(model, needText(body, "version"));
      });
    },
  );
  add(
    "GET registered-models/alias",
    ["GetModelAlias", "Returns the version of an alias", "read"],
    async ({ body, model }) => ({
      model_version: versionJson(model, await models.byAlias(model, needText(body, "alias"))),
    }),
  );
  add(
    "DELETE registered-models/alias",
    ["DeleteModelAlias", "Deletes an alias", "move"],
    async ({ body, name }) => void await registry.deleteAlias(name, needText(body, "alias")),
  );
}

function versionRoutes(add: Add, models: ModelStore, { registry }: MlflowContext): void {
  /** Returns a version; only its number to a token that may not read it. */
  const ofVersion = async ({ c, body, model, name }: Asked) => {
    const version = needText(body, "version");
    const isShown = c.info.access.may("read", name);
    return {
      model_version: isShown
        ? versionJson(model, await models.version(model, version))
        : { name: model, version },
    };
  };
  const refOf = async ({ body, model, name }: Asked) =>
    `${name}@${(await models.version(model, needText(body, "version"))).info.version}`;

  add(
    "POST model-versions/create",
    ["CreateModelVersion", "Saves the files of a run or a logged model as a version", "save"],
    async ({ c, body, model, name }) => {
      const kept: Record<string, string> = {};
      for (const key of ["run_id", "run_link", "model_id"]) {
        const value = text(body, key);
        if (value !== undefined) kept[key] = value;
      }
      const labels = Object.fromEntries(tagsIn(objects(body, "tags")));
      const notes = text(body, "description");
      const asked = { source: needText(body, "source"), kept };
      const version = await models.create(model, asked, (of) => c.info.access.check("read", of));
      c.info.version = version;
      if (Object.keys(labels).length > 0 || notes !== undefined) {
        await models.annotate(`${name}@${version}`, {
          labels,
          ...notes !== undefined && { notes },
        });
      }
      return { model_version: versionJson(model, await models.version(model, version)) };
    },
  );
  add("GET model-versions/get", ["GetModelVersion", "Returns a version", "read"], ofVersion);
  add(
    "GET model-versions/get-download-uri",
    ["ModelVersionUri", "Returns where the files of a version are", "read"],
    async ({ body, model }) => {
      const { info } = await models.version(model, needText(body, "version"));
      return { artifact_uri: versionRoot(info.name, info.version) };
    },
  );
  add(
    "PATCH model-versions/update",
    ["UpdateModelVersion", "Changes the description of a version", "move"],
    async (asked) => {
      const notes = text(asked.body, "description") ?? null;
      await models.annotate(await refOf(asked), { notes });
      return await ofVersion(asked);
    },
  );
  tagRoutes(
    add,
    { path: "model-versions", id: "Version" },
    async (asked, tag) => models.annotate(await refOf(asked), { labels: Object.fromEntries(tag) }),
  );
  add(
    "DELETE model-versions/delete",
    ["DeleteModelVersion", "Deletes a version", "delete"],
    async ({ body, model, name }) => {
      const version = versionOf(needText(body, "version"));
      if (await registry.delete(name, { version })) return;
      throw noSuchVersion(model, needText(body, "version"));
    },
  );
  add(
    "POST model-versions/transition-stage",
    ["TransitionStage", "Refuses stages: aliases take their place", "move"],
    () => Promise.reject(wrong(STAGES, USE_ALIASES)),
  );
}

function searchRoutes(routes: Routes, models: ModelStore): void {
  route(routes, `GET ${API}/registered-models/search`, {
    ...described("SearchModels", "Searches registered models", "read"),
    readsMany: true,
    answer: async ({ c }) => {
      const { items, ...page } = await searched(bodyOf(readQuery(c)), {
        fields: MODEL_FIELDS,
        most: MOST.models,
        async *all() {
          for await (const model of models.models((name) => c.info.access.may("read", name))) {
            yield modelJson(await models.model(model));
          }
        },
        valued: ({ tags, ...its }) => valuedBy({ ...its }, tags),
      });
      return c.json({ registered_models: items, ...page }, 200, FRESH);
    },
  });

  route(routes, `GET ${API}/model-versions/search`, {
    ...described("SearchModelVersions", "Searches versions of registered models", "read"),
    readsMany: true,
    answer: async ({ c }) => {
      const { items, ...page } = await searched(bodyOf(readQuery(c)), {
        fields: VERSION_FIELDS,
        most: MOST.versions,
        usual: ["creation_timestamp DESC"],
        async *all() {
          for await (const model of models.models((name) => c.info.access.may("read", name))) {
            for await (const version of models.versions(model)) yield versionJson(model, version);
          }
        },
        valued: ({ tags, aliases: _, ...its }) =>
          valuedBy({ ...its, version_number: Number(its.version), source_path: its.source }, tags),
      });
      return c.json({ model_versions: items, ...page }, 200, FRESH);
    },
  });
}

function valuedBy(attributes: object, tags: readonly { key: string; value: string }[]): Valued {
  const own = attributes as Record<string, string | number>;
  return ({ kind, key }) =>
    kind === "attribute"
      ? own[key]
      : tags.find((tag) => tag.key === key)?.value ?? (key === IS_PROMPT ? "false" : undefined);
}

interface Searched<T> {
  fields: Fields;
  /** Items of a page. */
  most: number;
  /** The order of a request without one. */
  usual?: readonly string[];
  all(): AsyncIterable<T>;
  valued(item: T): Valued;
}

/** Returns a page of what satisfies the filter of a request, in its order. */
async function searched<T extends { name: string; version?: string }>(
  body: Body,
  { fields, most, usual = [], all, valued }: Searched<T>,
) {
  const filter = parseFilter(text(body, "filter"), fields);
  const orders = texts(body, "order_by");
  const order = parseOrder(orders.length > 0 ? orders : usual, fields);
  const asked = { token: text(body, "page_token"), limit: countIn(body, most, MOST.usual) };
  const found: { item: T; values: Valued }[] = [];
  for await (const item of all()) {
    const values = valued(item);
    if (filter(values)) found.push({ item, values });
  }
  found.sort((a, b) =>
    order(a.values, b.values) ||
    (a.item.name === b.item.name
      ? Number(b.item.version) - Number(a.item.version)
      : a.item.name < b.item.name
      ? -1
      : 1)
  );
  const { items, ...page } = pageOf(found, asked, ({ item }) => `${item.name}@${item.version}`);
  return { items: items.map(({ item }) => item), ...page };
}

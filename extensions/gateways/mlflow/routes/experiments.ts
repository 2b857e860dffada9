// Requests about experiments, which are names. Any id is one of an experiment, as it contains the name.
import * as v from "npm:valibot@^1.5";
import { isRegistryError } from "../../../../core/kernel.ts";
import { route, type RouteContext, type Routes } from "../../../../apps/gateways.ts";
import { checkWrites } from "../../../../apps/server/extending.ts";
import { checkChanges, described, FRESH, type MlflowContext } from "../context.ts";
import { exists, noSuch, wrong } from "../errors.ts";
import { checkExperimentName, experimentJson } from "../experiments.ts";
import { DEFAULT, experimentId, experimentName } from "../../../runs/mlflow/ids.ts";
import * as s from "../schemas.ts";

const ById = v.object({ experiment_id: s.needed(s.MOST.id) });
const ByName = v.object({ experiment_name: s.needed(s.MOST.name) });

const NewExperiment = v.object({
  name: s.needed(s.MOST.name),
  artifact_location: s.text(s.MOST.path),
  tags: s.list(s.COUNT.facts, s.tag(s.MOST.tagOfExperiment)),
});

const SetTag = v.object({ ...ById.entries, ...s.tag(s.MOST.tagOfExperiment).entries });
const DeleteTag = v.object({ ...ById.entries, key: s.tagKey });

export function experimentRoutes(routes: Routes, context: MlflowContext): void {
  const { experiments } = context;
  route(routes, "POST /api/2.0/mlflow/experiments/create", {
    ...described("CreateExperiment", "Creates an experiment, whose name has no run yet", "save"),
    json: NewExperiment,
    answer: async ({ c, json }) => {
      const { name } = json;
      checkExperimentName(name);
      checkChanges(c, { name, id: "" });
      if (json.artifact_location !== undefined) {
        throw wrong(
          "This service keeps artifacts itself: parameter 'artifact_location'",
          "Leave it out.",
        );
      }
      const tags = s.byKey(json.tags);
      if (tags.size > 0) checkWrites(c, "move", name);
      const isShown = c.info.access.may("read", name);
      const already = (state = "") => exists(`Experiment '${name}' already exists${state}.`);
      if (name === DEFAULT.name) throw already();
      const found = await experiments.find(name);
      if (isShown && found?.isDeleted) {
        throw already(
          " in deleted state. You can restore it: client.restore_experiment(experiment_id)",
        );
      }
      const keepsTags = !c.info.access.may("move", name);
      if (found !== undefined || !await experiments.create(name, tags, { keepsTags })) {
        if (isShown) throw already();
        if (tags.size > 0) await experiments.change(name, tags);
      }
      return c.json({ experiment_id: experimentId(name) }, 200, FRESH);
    },
  });

  route(routes, "GET /api/2.0/mlflow/experiments/get", {
    ...described("GetExperiment", "Returns the name of an id", "read"),
    query: ById,
    answer: async ({ c, query }) => {
      const name = experimentName(query.experiment_id);
      c.info.access.check("read", name);
      return c.json({ experiment: experimentJson(await experiments.read(name)) }, 200, FRESH);
    },
  });

  route(routes, "GET /api/2.0/mlflow/experiments/get-by-name", {
    ...described("FindExperiment", "Returns a name that has runs", "read"),
    query: ByName,
    answer: async ({ c, query }) => {
      const name = query.experiment_name;
      const missing = () => noSuch(`Could not find experiment with name '${name.slice(0, 200)}'`);
      try {
        checkExperimentName(name);
      } catch (error) {
        if (isRegistryError(error, "Invalid")) throw missing();
        throw error;
      }
      c.info.access.check("read", name);
      const found = await experiments.find(name) ??
        (name === DEFAULT.name ? await experiments.read(name) : undefined);
      if (found === undefined) throw missing();
      return c.json({ experiment: experimentJson(found) }, 200, FRESH);
    },
  });
  tagRoutes(routes, context);
  endRoutes(routes, context);
}

function endRoutes(routes: Routes, { experiments }: MlflowContext): void {
  for (const way of ["delete", "restore"] as const) {
    route(routes, `POST /api/2.0/mlflow/experiments/${way}`, {
      ...described(
        way === "delete" ? "DeleteExperiment" : "RestoreExperiment",
        way === "delete"
          ? "Deletes all versions of an experiment that has no open run"
          : "Restores a deleted experiment and its versions, while their files are there",
        "delete",
      ),
      json: ById,
      answer: async ({ c, json }) => {
        const name = experimentName(json.experiment_id);
        checkWrites(c, "delete", name);
        await experiments[way](name);
        return c.json({}, 200, FRESH);
      },
    });
  }
}

function tagRoutes(routes: Routes, { experiments }: MlflowContext): void {
  const check = async (c: RouteContext, name: string) => {
    checkWrites(c, "move", name);
    await experiments.checkActive(name);
  };

  route(routes, "POST /api/2.0/mlflow/experiments/set-experiment-tag", {
    ...described("SetExperimentTag", "Sets a tag of an experiment", "move"),
    json: SetTag,
    answer: async ({ c, json }) => {
      const name = experimentName(json.experiment_id);
      await check(c, name);
      await experiments.change(name, s.byKey([json]));
      return c.json({}, 200, FRESH);
    },
  });

  route(routes, "POST /api/2.0/mlflow/experiments/delete-experiment-tag", {
    ...described("DeleteExperimentTag", "Deletes a tag of an experiment", "move"),
    json: DeleteTag,
    answer: async ({ c, json: { experiment_id, key } }) => {
      const name = experimentName(experiment_id);
      await check(c, name);
      if (!(await experiments.read(name)).tags.has(key)) {
        throw noSuch(`No tag with name: ${key} in experiment with id ${experimentId(name)}`);
      }
      await experiments.change(name, new Map([[key, null]]));
      return c.json({}, 200, FRESH);
    },
  });
}

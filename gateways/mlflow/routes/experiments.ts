// Requests about experiments, which are names. Any id is one of an experiment, as it contains the name.
import { isRegistryError } from "../../../core/kernel.ts";
import { checkWrites, route, type Routes } from "../../../apps/server/extending.ts";
import {
  checkExperimentName,
  needText,
  objects,
  readBody,
  readQuery,
  tagsIn,
  text,
} from "../body.ts";
import { checkChanges, described, FRESH, type MlflowContext } from "../context.ts";
import { exists, noSuch, wrong } from "../errors.ts";
import { experimentJson } from "../experiments.ts";
import { DEFAULT, experimentId, experimentName } from "../../../runs/mlflow/ids.ts";

export function experimentRoutes(routes: Routes, context: MlflowContext): void {
  const { experiments } = context;
  route(routes, "POST /api/2.0/mlflow/experiments/create", {
    ...described("CreateExperiment", "Creates an experiment, whose name has no run yet", "save"),
    answer: async ({ c }) => {
      const body = await readBody(c);
      const name = needText(body, "name");
      checkExperimentName(name);
      checkChanges(c, { name, id: "" });
      if (text(body, "artifact_location") !== undefined) {
        throw wrong(
          "This service keeps artifacts itself: parameter 'artifact_location'",
          "Leave it out.",
        );
      }
      const tags = tagsIn(objects(body, "tags"));
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
    answer: async ({ c }) => {
      const id = readQuery(c).get("experiment_id") ?? "";
      if (id === "") throw wrong("Missing value for required parameter 'experiment_id'.");
      const name = experimentName(id);
      c.info.access.check("read", name);
      return c.json({ experiment: experimentJson(await experiments.read(name)) }, 200, FRESH);
    },
  });

  route(routes, "GET /api/2.0/mlflow/experiments/get-by-name", {
    ...described("FindExperiment", "Returns a name that has runs", "read"),
    answer: async ({ c }) => {
      const name = readQuery(c).get("experiment_name") ?? "";
      if (name === "") throw wrong("Missing value for required parameter 'experiment_name'.");
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
      answer: async ({ c }) => {
        const name = experimentName(needText(await readBody(c), "experiment_id"));
        checkWrites(c, "delete", name);
        await experiments[way](name);
        return c.json({}, 200, FRESH);
      },
    });
  }
}

function tagRoutes(routes: Routes, { experiments }: MlflowContext): void {
  for (const way of ["set", "delete"] as const) {
    route(routes, `POST /api/2.0/mlflow/experiments/${way}-experiment-tag`, {
      ...described(
        way === "set" ? "SetExperimentTag" : "DeleteExperimentTag",
        `${way === "set" ? "Sets" : "Deletes"} a tag of an experiment`,
        "move",
      ),
      answer: async ({ c }) => {
        const body = await readBody(c);
        const name = experimentName(needText(body, "experiment_id"));
        checkWrites(c, "move", name);
        await experiments.checkActive(name);
        const [[key, value] = ["", ""]] = tagsIn([body]);
        if (way === "delete" && !(await experiments.read(name)).tags.has(key)) {
          throw noSuch(`No tag with name: ${key} in experiment with id ${experimentId(name)}`);
        }
        await experiments.change(name, new Map([[key, way === "set" ? value : null]]));
        return c.json({}, 200, FRESH);
      },
    });
  }
}

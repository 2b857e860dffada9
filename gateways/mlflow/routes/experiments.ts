// Requests about experiments, which are names. Any id is one of an experiment, as it contains the name.
import { isRegistryError } from "../../../core/kernel.ts";
import { checkWrites, route, type Routes } from "../../../apps/server/extending.ts";
import { readLoggedRuns } from "../../../runs/mod.ts";
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
import { experimentId, experimentName } from "../../../runs/mlflow/ids.ts";

const DEFAULT = "Default";

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
      const isThere = name === DEFAULT ||
        c.info.access.may("read", name) && await isKnown(context, name);
      if (isThere) throw exists(`Experiment '${name}' already exists.`);
      await experiments.change(name, tags);
      return c.json({ experiment_id: experimentId(name) }, 200, FRESH);
    },
  });

  route(routes, "GET /api/2.0/mlflow/experiments/get", {
    ...described("GetExperiment", "Returns the name of an id", "read"),
    answer: async ({ c }) => {
      const id = readQuery(c).get("experiment_id") ?? "";
      if (id === "") throw wrong("Missing value for required parameter 'experiment_id'");
      const name = experimentName(id);
      c.info.access.check("read", name);
      return c.json({ experiment: experimentJson(await experiments.read(name)) }, 200, FRESH);
    },
  });

  route(routes, "GET /api/2.0/mlflow/experiments/get-by-name", {
    ...described("FindExperiment", "Returns a name that has runs", "read"),
    answer: async ({ c }) => {
      const name = readQuery(c).get("experiment_name") ?? "";
      if (name === "") throw wrong("Missing value for required parameter 'experiment_name'");
      const missing = () => noSuch(`Could not find experiment with name '${name.slice(0, 200)}'`);
      try {
        checkExperimentName(name);
      } catch (error) {
        if (isRegistryError(error, "Invalid")) throw missing();
        throw error;
      }
      c.info.access.check("read", name);
      if (name !== DEFAULT && !await isKnown(context, name)) throw missing();
      return c.json({ experiment: experimentJson(await experiments.read(name)) }, 200, FRESH);
    },
  });
  tagRoutes(routes, context);
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

async function isKnown({ registry, experiments }: MlflowContext, name: string): Promise<boolean> {
  for await (const _ of registry.versions(name, { limit: 1 })) return true;
  for await (const _ of readLoggedRuns(registry, { name })) return true;
  return await experiments.isCreated(name);
}

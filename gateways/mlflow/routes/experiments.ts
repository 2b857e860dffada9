// Requests about experiments, which are names. A name is there from its first run on; until then, an
// experiment has only an id, which contains the name.
import { checkNewName, isRegistryError } from "../../../core/kernel.ts";
import { route, type Routes } from "../../../apps/server/extending.ts";
import { readLoggedRuns } from "../../../runs/mod.ts";
import { needText, objects, readBody, readQuery, text } from "../body.ts";
import { checkChanges, described, FRESH, type MlflowContext } from "../context.ts";
import { exists, noSuch, wrong } from "../errors.ts";
import { experimentId, experimentName, hasRunId } from "../../../runs/mlflow/ids.ts";

const DEFAULT = "Default";

export function experimentRoutes(routes: Routes, context: MlflowContext): void {
  route(routes, "POST /api/2.0/mlflow/experiments/create", {
    ...described("CreateExperiment", "Returns the id of a name that has no run", "save"),
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
      if (objects(body, "tags").length > 0) {
        throw wrong("Experiments have no tags here: parameter 'tags'", "Set tags of runs.");
      }
      const isThere = name === DEFAULT ||
        c.info.access.may("read", name) && await hasRuns(context, name);
      if (isThere) throw exists(`Experiment '${name}' already exists.`);
      c.info.dryRun = true;
      return c.json({ experiment_id: experimentId(name) }, 200, FRESH);
    },
  });

  route(routes, "GET /api/2.0/mlflow/experiments/get", {
    ...described("GetExperiment", "Returns the name of an id", "read"),
    answer: ({ c }) => {
      const id = readQuery(c).get("experiment_id") ?? "";
      if (id === "") throw wrong("Missing value for required parameter 'experiment_id'");
      const name = experimentName(id);
      c.info.access.check("read", name);
      return c.json({ experiment: experimentJson(name) }, 200, FRESH);
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
      if (name !== DEFAULT && !await hasRuns(context, name)) throw missing();
      return c.json({ experiment: experimentJson(name) }, 200, FRESH);
    },
  });
}

/** Throws `INVALID_PARAMETER_VALUE` for a name that no run can have. */
export function checkExperimentName(name: string): void {
  try {
    checkNewName(name);
  } catch (error) {
    if (!isRegistryError(error, "Invalid")) throw error;
    throw wrong(`Invalid experiment name: ${error.message}`, error.hint);
  }
  const longest = { name, id: "0".repeat(32) };
  if (!hasRunId(longest)) {
    throw wrong("Invalid experiment name: it is too long", "Choose a shorter one.");
  }
}

async function hasRuns({ registry }: MlflowContext, name: string): Promise<boolean> {
  for await (const _ of registry.versions(name, { limit: 1 })) return true;
  for await (const _ of readLoggedRuns(registry, { name })) return true;
  return false;
}

export function experimentJson(name: string) {
  const id = experimentId(name);
  return {
    experiment_id: id,
    name,
    artifact_location: `mlflow-artifacts:/${id}`,
    lifecycle_stage: "active",
    tags: [],
  };
}

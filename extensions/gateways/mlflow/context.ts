// The context of the routes, and what their descriptions have in common.
import { isJsonObject, parseExactJson } from "../../../core/kernel.ts";
import type { GatewayContext, RouteContext, RouteDescription } from "../../../apps/gateways.ts";
import { checkWrites } from "../../../apps/server/extending.ts";
import type { RunChanges } from "./change_run.ts";
import { refused, wrong } from "./errors.ts";
import type { ExperimentStore } from "./experiments.ts";
import type { NameTagStore } from "./name_tags.ts";
import { runIdOf, type RunKey } from "../../runs/mlflow/ids.ts";
import type { RunStore } from "./run_store.ts";

export interface MlflowContext extends GatewayContext {
  readonly runs: RunStore;
  readonly changes: RunChanges;
  readonly experiments: ExperimentStore;
  readonly tags: NameTagStore;
  /** Prefix of the names of registered models. */
  readonly models: string;
}

const JSON_BODY = { "application/json": { schema: { type: "object" } } };
export const FRESH = { "cache-control": "no-store" };

/** Returns a body of any media type, which may be empty. */
function parse(text: string): unknown {
  const body: unknown = text === "" ? {} : parseExactJson(text);
  if (isJsonObject(body)) return body;
  throw wrong("The body is not a JSON object");
}

/** Returns the description of a route of MLflow, whose errors are those of MLflow. */
export function described(
  id: string,
  summary: string,
  scope: RouteDescription["scope"],
): Pick<RouteDescription, "id" | "tag" | "summary" | "scope" | "answers" | "problems"> & {
  parse: typeof parse;
  refused: typeof refused;
} {
  const error = { description: "An error of MLflow", content: JSON_BODY };
  const statuses = [400, 401, 403, 404, 409, 413, 416, 422, 429, 503];
  return {
    id: `mlflow${id}`,
    tag: "mlflow",
    summary,
    scope,
    parse,
    refused,
    answers: {
      200: { description: "The answer of MLflow", content: JSON_BODY },
      ...Object.fromEntries(statuses.map((status) => [status, error])),
    },
  };
}

/** Names a run in the entry of a request in the audit trail. */
export function nameRun({ info }: RouteContext, key: RunKey): void {
  info.subject = { ...info.subject, run: runIdOf(key) };
}

/** Throws unless a request may save the name of a run, which its entry in the audit trail has. */
export function checkChanges(c: RouteContext, key: RunKey): void {
  if (key.id !== "") nameRun(c, key);
  checkWrites(c, "save", key.name);
}

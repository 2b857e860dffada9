// What steps and nodes ask for.
import type { Resources } from "../../core/pipelines/pipeline.ts";
import type { NodeFound, OperatorFound } from "./found.ts";
import type { ProblemList } from "./tree/problems.ts";

/** What was read of `resource`. */
export type ResourceFound = NonNullable<(NodeFound | OperatorFound)["values"]["resource"]>;

type OperatorResources = NonNullable<OperatorFound["values"]["resource"]>["values"];

export function readResources(found: ResourceFound | undefined, problems: ProblemList): Resources {
  if (found === undefined) return {};
  const values: OperatorResources = found.values;
  const resources: Resources = {};
  for (const kind of ["cpu", "memory", "gpu", "disk"] as const) {
    const request = values[`${kind}_request`];
    const limit = values[`${kind}_limit`];
    if (request !== undefined) resources[`${kind}Request`] = request;
    if (limit !== undefined) resources[`${kind}Limit`] = limit;
    if (request === undefined || limit === undefined || request <= limit || kind === "disk") {
      continue;
    }
    problems.add(found.at(`${kind}_request`), {
      path: found.path(`${kind}_request`),
      message: `${kind}_request is more than ${kind}_limit: it could never be had`,
      hint: `Lower ${kind}_request, or raise ${kind}_limit.`,
    });
  }
  return resources;
}

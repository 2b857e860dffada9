/**
 * What steps and nodes ask for.
 *
 * @module
 */
import type { Resources } from "../../core/pipelines/pipeline.ts";
import type { OperatorFound } from "./found.ts";
import type { ProblemList } from "./tree/problems.ts";

/** What was read of `resource`. */
export type ResourceFound = NonNullable<OperatorFound["values"]["resource"]>;

/** What is asked for; more than is allowed is told. */
export function readResources(found: ResourceFound | undefined, problems: ProblemList): Resources {
  if (found === undefined) return {};
  const { values } = found;
  const resources: Resources = {};
  for (const kind of ["cpu", "memory", "gpu"] as const) {
    const request = values[`${kind}_request`];
    const limit = values[`${kind}_limit`];
    if (request !== undefined) resources[`${kind}Request`] = request;
    if (limit !== undefined) resources[`${kind}Limit`] = limit;
    if (request === undefined || limit === undefined || request <= limit) continue;
    problems.add(found.at(`${kind}_request`), {
      path: found.path(`${kind}_request`),
      message: `${kind}_request is more than ${kind}_limit: it could never be had`,
      hint: `Lower ${kind}_request, or raise ${kind}_limit.`,
    });
  }
  return resources;
}

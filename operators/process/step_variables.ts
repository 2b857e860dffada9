// Variables of commands: those they inherit, those of their step, and those of Holdfast itself.
import type { OperatorContext } from "../contract/operator.ts";
import type { System } from "../../core/system.ts";

/**
 * The variables of a step's command: `PIPELINE_ID`, `NODE_ID`, `OPERATOR_ID`, `INPUT_ROOT`, `OUTPUT_ROOT`,
 * `WORKSPACE_ROOT`, its parameters as JSON in `HOLDFAST_PARAMS`, `HOLDFAST_SHARD` (`0/4`) where several share the step,
 * and those of its own, which replace none of these. `HOLDFAST_ENGINE` is empty, unless it is one of its own: who
 * carries the steps, and by which password, is no operator's matter.
 */
export function stepVariables(context: OperatorContext<unknown>): Record<string, string> {
  const { env, params, shard } = context;
  return {
    HOLDFAST_ENGINE: "",
    ...env,
    PIPELINE_ID: context.pipelineId,
    NODE_ID: context.nodeId,
    OPERATOR_ID: context.operatorId,
    INPUT_ROOT: context.inputRoot,
    OUTPUT_ROOT: context.outputRoot,
    WORKSPACE_ROOT: context.workspaceRoot,
    HOLDFAST_PARAMS: JSON.stringify(params) ?? "{}",
    // Where a scheduler shares out the whole run, it is not the step that is shared.
    HOLDFAST_SHARD: shard === undefined ? "" : `${shard.index}/${shard.count}`,
  };
}

export function ownVariables(system: System): Record<string, string> {
  return Object.fromEntries(
    (system.envNames?.() ?? []).map((name) => [name, system.env(name) ?? ""]),
  );
}

export const ENGINE_VARIABLE = "HOLDFAST_ENGINE";

/** The token of the registry, where that is a service. A step that calls the service asks for it. */
export const TOKEN_VARIABLE = "HOLDFAST_TOKEN";

export const OWN_SECRETS: readonly string[] = [TOKEN_VARIABLE, ENGINE_VARIABLE];

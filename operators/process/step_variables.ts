// Variables of commands: inherited ones, those of their step, and those of Holdfast.
import type { OperatorContext } from "../contract/operator.ts";
import type { System } from "../../mod.ts";

/**
 * Returns the variables of a step's command: `PIPELINE_ID`, `NODE_ID`, `OPERATOR_ID`, `INPUT_ROOT`,
 * `OUTPUT_ROOT`, `WORKSPACE_ROOT`, its parameters as JSON in `HOLDFAST_PARAMS`, `HOLDFAST_SHARD`
 * (`0/4`, or empty), and those of the step, which cannot replace these. `HOLDFAST_ENGINE` is empty
 * unless the step sets it: its password is not for operators.
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
    // If a scheduler splits the whole run, this step is not split.
    HOLDFAST_SHARD: shard === undefined ? "" : `${shard.index}/${shard.count}`,
  };
}

export function ownVariables(system: System): Record<string, string> {
  return Object.fromEntries(
    (system.envNames?.() ?? []).map((name) => [name, system.env(name) ?? ""]),
  );
}

export const ENGINE_VARIABLE = "HOLDFAST_ENGINE";

/** The token of the registry if that is a service. Only steps that ask for it get it. */
export const TOKEN_VARIABLE = "HOLDFAST_TOKEN";

export const OWN_SECRETS: readonly string[] = [TOKEN_VARIABLE, ENGINE_VARIABLE];

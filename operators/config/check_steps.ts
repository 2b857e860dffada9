// What must hold between the steps of a pipeline.
import { BUCKET_SCHEMES } from "../../backends/drivers.ts";
import { isRegistryError } from "../../core/errors.ts";
import { parseRef } from "../../core/naming/refs.ts";
import type { Pipeline, PipelineNode, PipelineStep } from "../contract/pipeline.ts";
import { didYouMean } from "../../core/text/nearest.ts";
import { findCycle } from "../graph/mod.ts";
import { findKeyProblem, KEY_HINT, WHOLE_OUTPUT } from "../output_keys.ts";
import { TOKEN_VARIABLE } from "../process/step_variables.ts";
import type { KnownOperators } from "./definition.ts";
import type { Keys, Tell } from "./read_values.ts";
import type { ReadOperator } from "./schema.ts";
import { decodeSecret, plainSecret, SECRET_PREFIX } from "./secret_texts.ts";
import { stepOf } from "../graph/step_inputs.ts";

export interface BuildOptions {
  /** Id of a pipeline whose configuration has none. */
  id: string;
  cores: number;
  /** The operators that there are. @default any name will do */
  operators?: KnownOperators;
  tell: Tell;
}

/** A step as it was read, and its index in the list of operators. */
export interface FoundStep {
  index: number;
  id: string;
  read: ReadOperator;
}

const OWN_VARIABLES: ReadonlySet<string> = new Set(
  ["PIPELINE_ID", "NODE_ID", "OPERATOR_ID", "INPUT_ROOT", "OUTPUT_ROOT", "WORKSPACE_ROOT"],
);

/** Tells what must hold between the steps of a pipeline and does not. */
export function checkSteps(
  found: readonly FoundStep[],
  pipeline: Pipeline,
  { operators, tell: tellOf }: BuildOptions,
): void {
  const steps = new Map(pipeline.steps.map((step) => [step.id, step]));
  const nodes = new Map(pipeline.nodes.map((node) => [node.id, node]));
  const seen = new Map<string, string>();
  let isWhole = true; // every upstream step is there
  for (const [at, { index, id, read }] of found.entries()) {
    const step = pipeline.steps[at];
    const tell: Tell = (keys, ...problem) => tellOf(["operators", index, ...keys], ...problem);
    checkUnique(id, seen, tell);
    if (!checkUpstream(id, read.upstream_dependencies ?? [], steps, tell)) isWhole = false;
    checkCode(step, read, operators, tell);
    checkData(step, steps, tell);
    checkSecrets(read, [], tell);
    checkVariables(step, tell);
    checkRoom(step, nodes.get(step.node), tell);
  }
  if (isWhole) checkCycles(found, pipeline, tellOf);
}

function checkUnique(id: string, seen: Map<string, string>, tell: Tell): void {
  const other = seen.get(id.toLowerCase());
  if (other !== undefined) {
    const message = other === id
      ? `there are two operators ${JSON.stringify(id)}`
      : `the operators ${other} and ${id} differ in case only`;
    const hint = "Give each an operator_id of its own; `operator` says which one it is in code.";
    tell(["operator_id"], message, hint);
  }
  seen.set(id.toLowerCase(), id);
}

/** Returns whether every upstream step is there. */
function checkUpstream(
  id: string,
  named: readonly (string | undefined)[],
  steps: ReadonlyMap<string, PipelineStep>,
  tell: Tell,
): boolean {
  let isWhole = true;
  for (const [key, upstream] of named.entries()) {
    const place = ["upstream_dependencies", key];
    if (upstream === id) tell(place, `${JSON.stringify(id)} depends on itself`, "Remove it.");
    else if (upstream !== undefined && !steps.has(upstream)) {
      isWhole = false;
      const hint = `${didYouMean(upstream, steps.keys())}Name an operator_id of this pipeline.`;
      tell(place, `there is no operator ${JSON.stringify(upstream)} to depend on`, hint);
    }
  }
  return isWhole;
}

/** Checks what a step executes, and where that is from. */
function checkCode(
  step: PipelineStep,
  read: ReadOperator,
  operators: KnownOperators | undefined,
  tell: Tell,
): void {
  if (step.startCommand === undefined && operators && !operators.has(step.operator)) {
    const names = operators.names();
    const hint = `${didYouMean(step.operator, names)}Register it, or give a start_command. ` +
      `There is: ${names.slice(0, 20).join(", ") || "none"}.`;
    const message = `no operator ${JSON.stringify(step.operator)} is registered`;
    tell([read.operator === undefined ? "operator_id" : "operator"], message, hint);
  }
  if (step.startCommand !== undefined && step.runAs !== "command") {
    const hint = "A start_command is a process: remove run_as, or the command.";
    tell(["run_as"], `run_as is ${step.runAs}, and there is a start_command`, hint);
  }
  if (read.git_tag !== undefined && read.git_repo === undefined) {
    tell(["git_tag"], "git_tag stands without git_repo", "Add git_repo: the tag is one of it.");
  }
}

function checkData(
  step: PipelineStep,
  steps: ReadonlyMap<string, PipelineStep>,
  tell: Tell,
): void {
  for (const key of ["inputs", "outputs"] as const) {
    for (const [name, text] of Object.entries(step[key])) {
      const problem = key === "inputs" && text.startsWith("step:")
        ? stepProblem(text, step, steps)
        : placeProblem(text, key);
      if (problem !== undefined) tell([key, name], problem.message, problem.hint);
    }
  }
  const wrong = findKeyProblem(Object.keys(step.outputs));
  if (wrong === undefined) return;
  const message = `${JSON.stringify(wrong.key)} cannot be the key of an output: ${wrong.problem}`;
  tell(["outputs", wrong.key], message, KEY_HINT, "key");
}

function checkVariables({ env }: PipelineStep, tell: Tell): void {
  for (const name of Object.keys(env)) {
    const isOwn = OWN_VARIABLES.has(name) ||
      (name.startsWith("HOLDFAST_") && name !== TOKEN_VARIABLE);
    if (!isOwn) continue;
    tell(["extra_env_vars", name], `${name} is set by the runner`, "Choose another name.", "key");
  }
}

type Told = { message: string; hint: string } | undefined;

function stepProblem(
  text: string,
  own: PipelineStep,
  steps: ReadonlyMap<string, PipelineStep>,
): Told {
  const found = stepOf(text, steps);
  const rest = text.slice("step:".length);
  if (found === undefined) {
    const hint = `${didYouMean(rest.split(".")[0], steps.keys())}Write step:ID or step:ID.OUTPUT.`;
    return { message: `there is no operator for ${JSON.stringify(text)}`, hint };
  }
  if (found.step === own.id) {
    return {
      message: `${JSON.stringify(own.id)} reads its own output`,
      hint: "Name another step, or a version in the registry.",
    };
  }
  const outputs = Object.keys(steps.get(found.step)?.outputs ?? {});
  if (found.output === undefined || outputs.includes(found.output)) return undefined;
  const message = `the operator ${found.step} has no output ${JSON.stringify(found.output)}`;
  if (outputs.length === 0) {
    const wanted = `outputs: { ${JSON.stringify(found.output)}: registry:NAME }`;
    return found.output === WHOLE_OUTPUT
      ? undefined
      : { message, hint: `Write step:${found.step} for all that it writes, or give it ${wanted}.` };
  }
  return {
    message,
    hint: `${didYouMean(found.output, outputs)}There is: ${outputs.join(", ")}.`,
  };
}

function placeProblem(text: string, key: "inputs" | "outputs"): Told {
  const scheme = /^([A-Za-z][A-Za-z0-9+-]+):/.exec(text)?.[1].toLowerCase();
  if (scheme === "registry") return refProblem(text.slice("registry:".length), key);
  if (scheme === undefined || scheme === "file") {
    return text.includes("\0")
      ? { message: "the path has a NUL character", hint: "Remove it." }
      : undefined;
  }
  if (BUCKET_SCHEMES.includes(scheme)) {
    const ok = /^[a-z0-9]+:\/\/[^/?@:]+\/./i.test(text);
    return ok ? undefined : {
      message: `the URL names no object or folder of a bucket`,
      hint: `Write ${scheme}://bucket/key.`,
    };
  }
  const known = ["registry", ...key === "inputs" ? ["step"] : [], ...BUCKET_SCHEMES];
  return {
    message: `${JSON.stringify(`${scheme}:`)} is not a kind of ${
      key === "inputs" ? "input" : "output"
    }`,
    hint:
      `${didYouMean(scheme, known)}Write registry:NAME, ${
        key === "inputs" ? "step:ID, " : ""
      }s3://bucket/key, ` +
      "or a path, ./ before it where it has a colon.",
  };
}

function refProblem(ref: string, key: "inputs" | "outputs"): Told {
  if (key === "outputs" && ref.includes("@")) {
    return {
      message: "an output names a version",
      hint: "Leave out what begins with @: each run saves the next version.",
    };
  }
  try {
    parseRef(ref);
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    return { message: error.message, hint: error.hint ?? "Write registry:NAME@VERSION." };
  }
}

/** Looks for secrets in all texts of an operator. */
function checkSecrets(value: unknown, at: Keys, tell: Tell): void {
  if (typeof value === "object" && value !== null) {
    const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
    for (const [key, item] of entries) checkSecrets(item, [...at, key], tell);
  }
  if (typeof value !== "string") return;
  if (value.startsWith(SECRET_PREFIX) && decodeSecret(value) === undefined) {
    const hint = "Encode the text by: base64 -w0, and write base64:// before it.";
    tell(at, "the secret after base64:// is not base64 of a text", hint);
  }
  const name = at.at(-2) === "extra_env_vars" ? String(at.at(-1)) : "";
  const what = plainSecret(name, value);
  if (what === undefined) return;
  const hint = "Write { from_env: NAME }, the variable that has it when the step starts, " +
    "or base64:// and the text in base64.";
  tell(at, `this looks like ${what}, written down as it is`, hint);
}

/** A step that asks for more than its node has would wait for ever. */
function checkRoom({ resources }: PipelineStep, node: PipelineNode | undefined, tell: Tell): void {
  for (const kind of ["cpu", "memory", "gpu"] as const) {
    const asked = resources[`${kind}Request`];
    const most = node?.resources[`${kind}Limit`];
    if (node === undefined || asked === undefined || most === undefined || asked <= most) continue;
    const message = `${kind}_request is more than the node ${node.id} has`;
    const hint = `Lower it, raise ${kind}_limit of the node, or put the operator on another one.`;
    tell(["resource", `${kind}_request`], message, hint);
  }
}

function checkCycles(found: readonly FoundStep[], { steps }: Pipeline, tell: Tell): void {
  const cycle = findCycle(
    steps.map((step) => ({ ...step, upstream: step.upstream.filter((id) => id !== step.id) })),
  );
  if (cycle === undefined) return;
  const { index, read } = found.find(({ id }) => id === cycle[0])!;
  const key = read.upstream_dependencies === undefined ? "inputs" : "upstream_dependencies";
  const message = `the operators depend on each other: ${shownCycle(cycle)}`;
  tell(["operators", index, key], message, "Remove one of these dependencies.");
}

function shownCycle(cycle: readonly string[]): string {
  const shown = cycle.length > 12
    ? [...cycle.slice(0, 6), `${cycle.length - 12} more`, ...cycle.slice(-6)]
    : cycle;
  return shown.join(" → ");
}

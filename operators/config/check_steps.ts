// What must hold between the steps of a pipeline.
import { isRegistryError } from "../../core/errors.ts";
import { parseRef } from "../../core/naming/refs.ts";
import type { Pipeline, PipelineNode, PipelineStep } from "../../core/pipelines/pipeline.ts";
import { findCycle } from "../graph/mod.ts";
import { findKeyProblem, KEY_HINT, WHOLE_OUTPUT } from "../output_keys.ts";
import { TOKEN_VARIABLE } from "../own_secrets.ts";
import type { OperatorFound } from "./found.ts";
import type { KnownOperators } from "./definition.ts";
import { didYouMean } from "../../core/text/nearest.ts";
import type { ConfigNode, Path, Place } from "./tree/node.ts";
import type { ProblemList } from "./tree/problems.ts";
import { decodeSecret, plainSecret, SECRET_PREFIX } from "./table/secret_texts.ts";
import { stepOf } from "./step_inputs.ts";

/** Schemes of buckets, as `openBackend` knows them. */
const BUCKETS: readonly string[] = ["s3", "oss", "tos", "cos", "ks3", "gs", "gcs", "minio"];

const OWN_VARIABLES: ReadonlySet<string> = new Set(
  ["PIPELINE_ID", "NODE_ID", "OPERATOR_ID", "INPUT_ROOT", "OUTPUT_ROOT", "WORKSPACE_ROOT"],
);

/** What {@linkcode checkSteps} is given besides. */
export interface CheckStepsOptions {
  ids: ReadonlySet<string>;
  /** The operators that there are. @default any name will do */
  operators?: KnownOperators;
  pipelinePlace: Place;
  problems: ProblemList;
}

export function checkSteps(
  found: [OperatorFound, Path][],
  pipeline: Pipeline,
  options: CheckStepsOptions,
): void {
  const { ids, problems } = options;
  const steps = new Map(pipeline.steps.map((step) => [step.id, step]));
  const nodes = new Map(pipeline.nodes.map((node) => [node.id, node]));
  const seen = new Map<string, string>();
  let isWhole = true; // every upstream step is there
  for (const [operator] of found) {
    const id = operator.values.operator_id;
    const step = id === undefined ? undefined : steps.get(id);
    if (step === undefined) continue;
    const other = seen.get(step.id.toLowerCase());
    if (other !== undefined) {
      problems.add(operator.at("operator_id"), {
        path: operator.path("operator_id"),
        message: other === step.id
          ? `there are two operators ${JSON.stringify(step.id)}`
          : `the operators ${other} and ${step.id} differ in case only`,
        hint: "Give each an operator_id of its own; `operator` says which one it is in code.",
      });
    }
    seen.set(step.id.toLowerCase(), step.id);
    isWhole = checkUpstream(operator, step, ids, problems) && isWhole;
    checkOperator(operator, step, options);
    checkPlaces(operator, step, { ids, steps, problems });
    checkOutputKeys(operator, step, problems);
    checkSecrets(operator.node, operator.path("operator_id").parent, problems);
    checkVariables(operator, problems);
    checkRoom(operator, step, nodes.get(step.node), problems);
  }
  if (isWhole) checkCycles(found, pipeline, problems);
}

function checkUpstream(
  operator: OperatorFound,
  step: PipelineStep,
  ids: ReadonlySet<string>,
  problems: ProblemList,
) {
  let isWhole = true;
  for (const [index, upstream] of (operator.values.upstream_dependencies ?? []).entries()) {
    if (ids.has(upstream) && upstream !== step.id) continue;
    if (!ids.has(upstream)) isWhole = false;
    const list = operator.node.entries.get("upstream_dependencies")?.node;
    problems.add(itemPlace(list, index) ?? operator.at("upstream_dependencies"), {
      path: { parent: operator.path("upstream_dependencies"), key: index },
      message: ids.has(upstream)
        ? `${JSON.stringify(step.id)} depends on itself`
        : `there is no operator ${JSON.stringify(upstream)} to depend on`,
      hint: ids.has(upstream)
        ? "Remove it."
        : `${didYouMean(upstream, ids)}Name an operator_id of this pipeline.`,
    });
  }
  return isWhole;
}

function itemPlace(list: ConfigNode | undefined, index: number): Place | undefined {
  return list?.kind === "list" ? list.items[index]?.place : undefined;
}

function checkOperator(
  operator: OperatorFound,
  step: PipelineStep,
  { operators, problems }: CheckStepsOptions,
): void {
  const key = operator.values.operator === undefined ? "operator_id" : "operator";
  if (step.startCommand === undefined && operators !== undefined && !operators.has(step.operator)) {
    const names = operators.names();
    problems.add(operator.at(key), {
      path: operator.path(key),
      message: `no operator ${JSON.stringify(step.operator)} is registered`,
      hint: `${didYouMean(step.operator, names)}Register it, or give a start_command. ` +
        `There is: ${names.slice(0, 20).join(", ") || "none"}.`,
    });
  }
  if (step.startCommand !== undefined && step.runAs !== "command") {
    problems.add(operator.at("run_as"), {
      path: operator.path("run_as"),
      message: `run_as is ${step.runAs}, and there is a start_command`,
      hint: "A start_command is a process: remove run_as, or the command.",
    });
  }
  if (operator.values.git_tag !== undefined && operator.values.git_repo === undefined) {
    problems.add(operator.at("git_tag"), {
      path: operator.path("git_tag"),
      message: "git_tag stands without git_repo",
      hint: "Add git_repo: the tag is one of it.",
    });
  }
}

function checkPlaces(
  operator: OperatorFound,
  step: PipelineStep,
  { ids, steps, problems }: {
    ids: ReadonlySet<string>;
    steps: Map<string, PipelineStep>;
    problems: ProblemList;
  },
): void {
  for (const key of ["inputs", "outputs"] as const) {
    const map = operator.node.entries.get(key)?.node;
    for (const [name, text] of Object.entries(step[key])) {
      const problem = key === "inputs" && text.startsWith("step:")
        ? stepProblem(text, step, ids, steps)
        : placeProblem(text, key);
      if (problem === undefined) continue;
      const place = map?.kind === "map" ? map.entries.get(name)?.node.place : undefined;
      problems.add(place ?? operator.at(key), {
        path: { parent: operator.path(key), key: name },
        ...problem,
      });
    }
  }
}

function checkOutputKeys(operator: OperatorFound, step: PipelineStep, problems: ProblemList): void {
  const wrong = findKeyProblem(Object.keys(step.outputs));
  if (wrong === undefined) return;
  const map = operator.node.entries.get("outputs")?.node;
  const place = map?.kind === "map" ? map.entries.get(wrong.key)?.place : undefined;
  problems.add(place ?? operator.at("outputs"), {
    path: { parent: operator.path("outputs"), key: wrong.key },
    message: `${JSON.stringify(wrong.key)} cannot be the key of an output: ${wrong.problem}`,
    hint: KEY_HINT,
  });
}

type Told = { message: string; hint: string } | undefined;

function stepProblem(
  text: string,
  own: PipelineStep,
  ids: ReadonlySet<string>,
  steps: Map<string, PipelineStep>,
): Told {
  const found = stepOf(text, ids);
  const rest = text.slice("step:".length);
  if (found === undefined) {
    const hint = `${didYouMean(rest.split(".")[0], ids)}Write step:ID or step:ID.OUTPUT.`;
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
  if (BUCKETS.includes(scheme)) {
    const ok = /^[a-z0-9]+:\/\/[^/?@:]+\/./i.test(text);
    return ok ? undefined : {
      message: `the URL names no object or folder of a bucket`,
      hint: `Write ${scheme}://bucket/key.`,
    };
  }
  const known = ["registry", ...key === "inputs" ? ["step"] : [], ...BUCKETS];
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

/** Looks through all texts of an operator for secrets. */
function checkSecrets(node: ConfigNode, path: Path | undefined, problems: ProblemList): void {
  if (node.kind === "map") {
    for (const [key, entry] of node.entries) {
      checkSecrets(entry.node, { parent: path, key }, problems);
    }
  } else if (node.kind === "list") {
    for (const [key, item] of node.items.entries()) {
      checkSecrets(item, { parent: path, key }, problems);
    }
  } else if (typeof node.value === "string") {
    if (node.value.startsWith(SECRET_PREFIX) && decodeSecret(node.value) === undefined) {
      problems.add(node.place, {
        path,
        message: "the secret after base64:// is not base64 of a text",
        hint: "Encode the text by: base64 -w0, and write base64:// before it.",
      });
    }
    const isVariable = path?.parent?.key === "extra_env_vars";
    const what = plainSecret(isVariable ? String(path.key) : "", node.value);
    if (what === undefined) return;
    problems.add(node.place, {
      path,
      message: `this looks like ${what}, written down as it is`,
      hint:
        "Write { from_env: NAME }, the variable that has it when the step starts, or base64:// and the text in base64.",
    });
  }
}

function checkVariables(operator: OperatorFound, problems: ProblemList): void {
  const map = operator.node.entries.get("extra_env_vars")?.node;
  if (map?.kind !== "map") return;
  for (const [key, { place }] of map.entries) {
    const isOwn = OWN_VARIABLES.has(key) || (key.startsWith("HOLDFAST_") && key !== TOKEN_VARIABLE);
    if (!isOwn) continue;
    problems.add(place, {
      path: { parent: operator.path("extra_env_vars"), key },
      message: `${key} is set by the runner`,
      hint: "Choose another name.",
    });
  }
}

function checkRoom(
  operator: OperatorFound,
  { resources }: PipelineStep,
  node: PipelineNode | undefined,
  problems: ProblemList,
): void {
  const found = operator.values.resource;
  if (found === undefined || node === undefined) return;
  for (const kind of ["cpu", "memory", "gpu"] as const) {
    const asked = resources[`${kind}Request`];
    const most = node.resources[`${kind}Limit`];
    if (asked === undefined || most === undefined || asked <= most) continue;
    problems.add(found.at(`${kind}_request`), {
      path: found.path(`${kind}_request`),
      message: `${kind}_request is more than the node ${node.id} has`,
      hint: `Lower it, raise ${kind}_limit of the node, or put the operator on another one.`,
    });
  }
}

function checkCycles(
  found: [OperatorFound, Path][],
  pipeline: Pipeline,
  problems: ProblemList,
): void {
  const cycle = findCycle(
    pipeline.steps.map((step) => ({
      ...step,
      upstream: step.upstream.filter((id) => id !== step.id),
    })),
  );
  if (cycle === undefined) return;
  const [operator] = found.find(([{ values }]) => values.operator_id === cycle[0])!;
  const key = operator.node.entries.has("upstream_dependencies")
    ? "upstream_dependencies"
    : "inputs";
  problems.add(operator.at(key), {
    path: operator.path(key),
    message: `the operators depend on each other: ${shownCycle(cycle)}`,
    hint: "Remove one of these dependencies.",
  });
}

function shownCycle(cycle: readonly string[]): string {
  const shown = cycle.length > 12
    ? [...cycle.slice(0, 6), `${cycle.length - 12} more`, ...cycle.slice(-6)]
    : cycle;
  return shown.join(" → ");
}

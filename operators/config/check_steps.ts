// Checks across the steps of a pipeline.
import { BUCKET_SCHEMES } from "../../backends/drivers.ts";
import { checkNewName, didYouMean, isRegistryError, itemAt, parseRef } from "../../core/kernel.ts";
import type { Pipeline, PipelineNode, PipelineStep } from "../contract/pipeline.ts";
import { findCycle } from "../graph/order.ts";
import { findKeyProblem, KEY_HINT, metricsProblem, WHOLE_OUTPUT } from "../output_keys.ts";
import { TOKEN_VARIABLE } from "../process/step_variables.ts";
import type { KnownOperators } from "./definition.ts";
import type { Keys, Report } from "./read_values.ts";
import type { ReadOperator } from "./schema.ts";
import { stepOf } from "../graph/step_inputs.ts";

export interface BuildOptions {
  /** Id of a pipeline whose configuration has none. */
  id: string;
  cores: number;
  /** Known operators. @default any name is accepted */
  operators?: KnownOperators;
  report: Report;
}

/** A step as read, with its index in the list of operators. */
export interface FoundStep {
  index: number;
  id: string;
  read: ReadOperator;
}

const OWN_VARIABLES: ReadonlySet<string> = new Set(
  ["PIPELINE_ID", "NODE_ID", "OPERATOR_ID", "INPUT_ROOT", "OUTPUT_ROOT", "WORKSPACE_ROOT"],
);

export function checkSteps(
  foundSteps: readonly FoundStep[],
  pipeline: Pipeline,
  { operators, report: reportOf }: BuildOptions,
): void {
  const steps = new Map(pipeline.steps.map((step) => [step.id, step]));
  const nodes = new Map(pipeline.nodes.map((node) => [node.id, node]));
  const earlierIds = new Map<string, string>();
  let isWhole = true; // all upstream steps exist
  for (const [at, { index, id, read }] of foundSteps.entries()) {
    const step = itemAt(pipeline.steps, at);
    const report: Report = (keys, ...problem) =>
      reportOf(["operators", index, ...keys], ...problem);
    checkUnique(id, earlierIds, report);
    if (!checkUpstream(id, read.upstream_dependencies ?? [], steps, report)) isWhole = false;
    checkCode(step, read, operators, report);
    checkData(step, read, steps, report);
    checkLengths(step, read, report);
    checkTexts(read, [], report);
    checkVariables(step, report);
    checkRoom(step, nodes.get(step.node), report);
  }
  if (isWhole) checkCycles(foundSteps, pipeline, reportOf);
}

function checkUnique(id: string, earlierIds: Map<string, string>, report: Report): void {
  const other = earlierIds.get(id.toLowerCase());
  if (other !== undefined) {
    const message = other === id
      ? `there are two operators ${JSON.stringify(id)}`
      : `the operators ${other} and ${id} differ in case only`;
    const hint = "Use a unique operator_id; `operator` names the registered operator.";
    report(["operator_id"], message, hint);
  }
  earlierIds.set(id.toLowerCase(), id);
}

function checkUpstream(
  id: string,
  named: readonly (string | undefined)[],
  steps: ReadonlyMap<string, PipelineStep>,
  report: Report,
): boolean {
  let isWhole = true;
  for (const [key, upstream] of named.entries()) {
    const place = ["upstream_dependencies", key];
    if (upstream === id) report(place, `${JSON.stringify(id)} depends on itself`, "Remove it.");
    else if (upstream !== undefined && !steps.has(upstream)) {
      isWhole = false;
      const hint = `${didYouMean(upstream, steps.keys())}Name an operator_id of this pipeline.`;
      report(place, `there is no operator ${JSON.stringify(upstream)} to depend on`, hint);
    }
  }
  return isWhole;
}

function checkCode(
  step: PipelineStep,
  read: ReadOperator,
  operators: KnownOperators | undefined,
  report: Report,
): void {
  if (step.startCommand === undefined && operators && !operators.has(step.operator)) {
    const names = operators.names();
    const hint =
      `${didYouMean(step.operator, names)}Register it, or set start_command or script. ` +
      `Registered: ${names.slice(0, 20).join(", ") || "none"}.`;
    const message = `no operator ${JSON.stringify(step.operator)} is registered`;
    report([read.operator === undefined ? "operator_id" : "operator"], message, hint);
  }
  const command = read.script === undefined ? "start_command" : "script";
  if (step.startCommand !== undefined && step.runAs !== "command") {
    const hint = `Remove run_as or ${command}: a ${command} is a process.`;
    report(["run_as"], `run_as is ${step.runAs} beside ${command}`, hint);
  }
  if (read.script !== undefined && read.start_command !== undefined) {
    report(["script"], "there is a script beside start_command", "Remove one of them.");
  }
  if (read.git_tag !== undefined && read.git_repo === undefined) {
    report(["git_tag"], "git_tag requires git_repo", "Add git_repo.");
  }
}

function checkMetrics({ metrics }: ReadOperator, report: Report): void {
  const isList = Array.isArray(metrics);
  for (const [index, path] of [metrics ?? []].flat().entries()) {
    const problem = path === undefined ? undefined : metricsProblem(path);
    if (problem === undefined) continue;
    const message = `${JSON.stringify(path)} cannot name metrics: ${problem}`;
    const hint = 'Write the path of a file below OUTPUT_ROOT: metrics.json, "reports/*.jsonl".';
    report(isList ? ["metrics", index] : ["metrics"], message, hint);
  }
}

function checkData(
  step: PipelineStep,
  read: ReadOperator,
  steps: ReadonlyMap<string, PipelineStep>,
  report: Report,
): void {
  for (const key of ["inputs", "outputs"] as const) {
    for (const [name, text] of Object.entries(step[key])) {
      const problem = key === "inputs" && text.startsWith("step:")
        ? stepProblem(text, step, steps)
        : placeProblem(text, key);
      if (problem !== undefined) report([key, name], problem.message, problem.hint);
    }
  }
  checkMetrics(read, report);
  const wrong = findKeyProblem(Object.keys(step.outputs));
  if (wrong === undefined) return;
  const message = `${JSON.stringify(wrong.key)} cannot be the key of an output: ${wrong.problem}`;
  report(["outputs", wrong.key], message, KEY_HINT, "key");
}

function checkVariables({ env }: PipelineStep, report: Report): void {
  for (const name of Object.keys(env)) {
    const isOwn = OWN_VARIABLES.has(name) ||
      (name.startsWith("HOLDFAST_") && name !== TOKEN_VARIABLE);
    if (!isOwn) continue;
    report(["extra_env_vars", name], `${name} is set by the runner`, "Choose another name.", "key");
  }
}

/** Longest argument or variable of a process on Linux (MAX_ARG_STRLEN, with a NUL), bytes. */
const MOST_BYTES = 128 * 1024 - 1;

/** Reports values that are too long for the process of a command. */
function checkLengths(step: PipelineStep, { script }: ReadOperator, report: Report): void {
  if (step.runAs !== "command") return;
  const values: [at: Keys, text: string][] = [
    [["params"], `HOLDFAST_PARAMS=${JSON.stringify(step.params)}`],
    ...Object.entries(step.env).map(([name, value]): [Keys, string] => {
      return [["extra_env_vars", name], `${name}=${value}`];
    }),
    ...(step.startCommand ?? []).map((word, index): [Keys, string] => {
      return [script === undefined ? ["start_command", index] : ["script"], word];
    }),
  ];
  for (const [at, text] of values) {
    const bytes = new TextEncoder().encode(text).byteLength;
    if (bytes <= MOST_BYTES) continue;
    const message = `it has ${bytes} bytes, a command takes at most ${MOST_BYTES} (128 KiB)`;
    report(at, message, "Put it into a file, and name the file in inputs: { data: ./FILE }.");
  }
}

type Problem = { message: string; hint: string } | undefined;

function stepProblem(
  text: string,
  own: PipelineStep,
  steps: ReadonlyMap<string, PipelineStep>,
): Problem {
  const producer = stepOf(text, steps);
  const [step = ""] = text.slice("step:".length).split(".");
  if (producer === undefined) {
    const hint = `${didYouMean(step, steps.keys())}Write step:ID or step:ID.OUTPUT.`;
    return { message: `there is no operator for ${JSON.stringify(text)}`, hint };
  }
  if (producer.step === own.id) {
    const hint = "Use another step, or a version in the registry.";
    return { message: `${JSON.stringify(own.id)} reads its own output`, hint };
  }
  const outputs = Object.keys(steps.get(producer.step)?.outputs ?? {});
  if (producer.output === undefined || outputs.includes(producer.output)) return undefined;
  const message = `the operator ${producer.step} has no output ${JSON.stringify(producer.output)}`;
  if (outputs.length > 0) {
    const hint = `${didYouMean(producer.output, outputs)}Use one of ${outputs.join(", ")}.`;
    return { message, hint };
  }
  if (producer.output === WHOLE_OUTPUT) return undefined;
  const wanted = `outputs: { ${JSON.stringify(producer.output)}: registry:NAME }`;
  return { message, hint: `Write step:${producer.step} for all its output, or add ${wanted}.` };
}

function placeProblem(text: string, key: "inputs" | "outputs"): Problem {
  const scheme = /^([A-Za-z][A-Za-z0-9+-]+):/.exec(text)?.[1]?.toLowerCase();
  if (scheme === "registry") return refProblem(text.slice("registry:".length), key);
  if (scheme === undefined || scheme === "file") {
    if (!text.includes("\0")) return undefined;
    return { message: "the path has a NUL character", hint: "Remove it." };
  }
  if (BUCKET_SCHEMES.includes(scheme)) {
    if (/^[a-z0-9]+:\/\/[^/?@:]+\/./i.test(text)) return undefined;
    const hint = `Write ${scheme}://bucket/key.`;
    return { message: "the URL has no object or folder of a bucket", hint };
  }
  const isInput = key === "inputs";
  const known = ["registry", ...isInput ? ["step"] : [], ...BUCKET_SCHEMES];
  const forms = `registry:NAME, ${isInput ? "step:ID, " : ""}s3://bucket/key, or a path`;
  return {
    message: `${JSON.stringify(`${scheme}:`)} is not a kind of ${isInput ? "input" : "output"}`,
    hint: `${didYouMean(scheme, known)}Write ${forms}; start a path with a colon with ./`,
  };
}

function refProblem(ref: string, key: "inputs" | "outputs"): Problem {
  if (key === "outputs" && ref.includes("@")) {
    const hint = "Remove @ and what follows: each run saves the next version.";
    return { message: "an output has a version", hint };
  }
  try {
    const { name } = parseRef(ref);
    if (key === "outputs") checkNewName(name);
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    return { message: error.message, hint: error.hint ?? "Write registry:NAME@VERSION." };
  }
}

/** Endings of names that hold a secret. A `pad_token` among parameters does not. */
const SECRET_NAME =
  /(^|[_-])(secret|password|passwd|passphrase|(api|access|secret|private)[_-]?key|(api|access|auth|bearer|refresh|session)[_-]?token)$/i;
const SECRET_VARIABLE = /(^|[_-])token$/i;

const SECRET_TEXTS: readonly [pattern: RegExp, what: string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/, "an AWS access key"],
  [/\bgh[pousr]_[A-Za-z0-9]{30,}/, "a GitHub token"],
  [/\bxox[abprs]-[A-Za-z0-9-]{10,}/, "a Slack token"],
  [/^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i, "a URL with a password"],
  [/^base64:\/\//, "an encoded secret"],
];

function isSecretName(at: Keys): boolean {
  const name = String(at.findLast((key) => typeof key === "string"));
  const words = name.replace(/([a-z0-9])(?=[A-Z])/g, "$1_"); // dbPassword
  if (at[0] === "params") return at.length > 1 && SECRET_NAME.test(words);
  return at.at(-2) === "extra_env_vars" && (SECRET_NAME.test(words) || SECRET_VARIABLE.test(words));
}

/** Reports secrets, and values that no record of a run or no command takes. */
function checkTexts(value: unknown, at: Keys, report: Report): void {
  if (typeof value === "object" && value !== null) {
    const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
    for (const [key, item] of entries) checkTexts(item, [...at, key], report);
  }
  if (!["string", "number"].includes(typeof value) || value === "") return;
  const unusable = unusableProblem(value as string | number, at);
  if (unusable !== undefined) return report(at, unusable.message, unusable.hint);
  const [, what = isSecretName(at) ? "a secret (by its name)" : undefined] =
    SECRET_TEXTS.find(([pattern]) => pattern.test(String(value))) ?? [];
  if (what === undefined) return;
  const hint = "Write { from_env: NAME }, a variable that has it when the step starts.";
  report(at, `this looks like ${what} in plain text`, hint);
}

const VALUES: readonly unknown[] = ["params", "extra_env_vars", "start_command", "script"];

function unusableProblem(value: string | number, at: Keys): Problem {
  if (!VALUES.includes(at[0])) return undefined;
  if (typeof value === "number") {
    if (Number.isFinite(value) && !Object.is(value, -0)) return undefined;
    const shown = Object.is(value, -0) ? "-0" : value;
    return { message: `a run cannot record the number ${shown}`, hint: "Write a string, or null." };
  }
  if (!value.isWellFormed()) {
    return { message: "the string is not well-formed Unicode", hint: "Write it in base64." };
  }
  if (at[0] === "params" || !value.includes("\0")) return undefined;
  return { message: "the string has a NUL character", hint: "Remove it." };
}

/** Reports steps that request more than their node has, as they would never start. */
function checkRoom(
  { resources }: PipelineStep,
  node: PipelineNode | undefined,
  report: Report,
): void {
  for (const kind of ["cpu", "memory", "gpu"] as const) {
    const asked = resources[`${kind}Request`];
    const most = node?.resources[`${kind}Limit`];
    if (node === undefined || asked === undefined || most === undefined || asked <= most) continue;
    const message = `${kind}_request exceeds ${kind}_limit of the node ${node.id}`;
    const hint = `Lower it, raise ${kind}_limit of the node, or move the operator to another node.`;
    report(["resource", `${kind}_request`], message, hint);
  }
}

function checkCycles(foundSteps: readonly FoundStep[], { steps }: Pipeline, report: Report): void {
  const cycle = findCycle(
    steps.map((step) => ({ ...step, upstream: step.upstream.filter((id) => id !== step.id) })),
  );
  if (cycle === undefined) return;
  const { index, read } = foundSteps.find(({ id }) => id === cycle[0])!;
  const key = read.upstream_dependencies === undefined ? "inputs" : "upstream_dependencies";
  const message = `the operators depend on each other: ${shownCycle(cycle)}`;
  report(["operators", index, key], message, "Remove one of these dependencies.");
}

function shownCycle(cycle: readonly string[]): string {
  const shown = cycle.length > 12
    ? [...cycle.slice(0, 6), `${cycle.length - 12} more`, ...cycle.slice(-6)]
    : cycle;
  return shown.join(" → ");
}

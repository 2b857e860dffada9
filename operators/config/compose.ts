// Composes a pipeline from the tree of a configuration.
import { availableParallelism } from "node:os";
import type { Pipeline } from "../contract/pipeline.ts";
import { didYouMean, realSystem } from "../../core/kernel.ts";
import { OWN_SECRETS } from "../process/step_variables.ts";
import { buildPipeline } from "./build.ts";
import type { PipelineOptions } from "./definition.ts";
import { createReport, readValues } from "./read_values.ts";
import { FILE_KEYS, ID_PATTERN, PIPELINE_KEYS } from "./schema.ts";
import { interpolate } from "./tree/interpolate.ts";
import { childOf, type ConfigMap, type ConfigNode, describeNode } from "./tree/node.ts";
import { assign, type Assignment, checkNewVariables, isForRefs } from "./tree/overrides.ts";
import { namesIn } from "./tree/paths.ts";
import type { ProblemList } from "./tree/problems.ts";
import { expandRefs, type ReadTreeOptions } from "./tree/read_tree.ts";

export interface ComposeOptions extends PipelineOptions, ReadTreeOptions {
  id: string;
  assignments?: readonly Assignment[];
}

/** Composes the pipeline of a tree, which it changes; unusable if problems were reported. */
export function composePipeline(root: ConfigMap, options: ComposeOptions): Pipeline | undefined {
  const { problems, assignments = [], system = realSystem, operators } = options;
  const { cores = availableParallelism() } = options;
  const early = assignments.filter(isForRefs);
  const variables = childOf(root, "variables");
  const known = variables === undefined ? [] : namesIn(variables);
  for (const assignment of early) assign(root, assignment, problems);
  const pipeline = findPipeline(root, problems);
  if (pipeline === undefined) return undefined;
  checkVariables(root, problems);
  const envNames = () => system.envNames?.() ?? [];
  const reading = { env: (name: string) => system.env(name), envNames, problems };
  const beforeRefs = problems.count;
  for (const key of ["nodes", "operators"] as const) {
    interpolateRefs(root, pipeline, key, reading);
    expandRefs(pipeline, key, options);
  }
  if (problems.count > beforeRefs) return undefined; // missing files cannot be checked
  for (const assignment of assignments) {
    if (!early.includes(assignment)) assign(root, assignment, problems);
  }
  const before = problems.count;
  checkNewVariables(root, { known, assignments: early, problems });
  const secrets = secretVariablesIn(root);
  const isSecret = (name: string) => secrets.has(name);
  const composed = interpolate(root, pipeline, { ...reading, isSecret }, { key: "pipeline" });
  // Checks after a failed interpolation would report wrong values.
  if (problems.count > before || composed.kind !== "map") return undefined;
  const report = createReport(composed, problems);
  const read = readValues(composed, report);
  if (!ID_PATTERN.test(options.id) && !composed.entries.has("pipeline_id")) {
    const id = JSON.stringify(options.id);
    const hint = "Add pipeline_id, of letters, digits, _, - and dots: pipeline_id: my_pipeline";
    report([], `the pipeline has no pipeline_id, and its file name ${id} is not a valid one`, hint);
  }
  return buildPipeline(read, { id: options.id, cores, operators, report });
}

/** Returns the mapping `pipeline` of a tree. Reports a missing one, and unknown keys beside it. */
function findPipeline(root: ConfigMap, problems: ProblemList): ConfigMap | undefined {
  for (const [key, { place }] of root.entries) {
    if (FILE_KEYS.includes(key)) continue;
    const hint = PIPELINE_KEYS.includes(key)
      ? "Move it under pipeline:"
      : `${didYouMean(key, FILE_KEYS)}Use one of ${FILE_KEYS.join(", ")}.`;
    problems.add(place, { path: { key }, message: `unknown key ${JSON.stringify(key)}`, hint });
  }
  const pipeline = root.entries.get("pipeline")?.node;
  if (pipeline?.kind === "map") return pipeline;
  problems.add(pipeline?.place ?? root.place, {
    path: pipeline && { key: "pipeline" },
    message: pipeline === undefined
      ? "there is no pipeline"
      : `${describeNode(pipeline)} is not a pipeline`,
    hint: "Add it: pipeline: { operators: { refs: [my_operator:v1.0] } }",
  });
}

function checkVariables(root: ConfigMap, problems: ProblemList): void {
  const variables = childOf(root, "variables");
  if (variables === undefined || variables.kind === "map") return;
  problems.add(variables.place, {
    path: { key: "variables" },
    message: `${describeNode(variables)} is not a mapping`,
    hint: "Write names and values: { lr: 0.1 }.",
  });
}

/** Returns the variables that hold a secret: those of any `from_env`, and those of Holdfast. */
function secretVariablesIn(root: ConfigNode): Set<string> {
  const names = new Set(OWN_SECRETS);
  const waiting: ConfigNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node.kind === "list") waiting.push(...node.items);
    if (node.kind !== "map") continue;
    const variable = node.entries.size === 1 ? node.entries.get("from_env")?.node : undefined;
    if (variable?.kind === "scalar") names.add(String(variable.value));
    for (const { node: child } of node.entries.values()) waiting.push(child);
  }
  return names;
}

function interpolateRefs(
  root: ConfigMap,
  pipeline: ConfigMap,
  key: "nodes" | "operators",
  options: Parameters<typeof interpolate>[2],
): void {
  const holder = pipeline.entries.get(key)?.node;
  const refs = holder?.kind === "map" ? holder.entries.get("refs") : undefined;
  if (refs === undefined) return;
  const path = { parent: { parent: { key: "pipeline" }, key }, key: "refs" };
  (holder as ConfigMap).entries.set("refs", {
    place: refs.place,
    node: interpolate(root, refs.node, options, path),
  });
}

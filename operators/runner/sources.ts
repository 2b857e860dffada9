// Sources of inputs and destinations of outputs, as written in configurations.
import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import { invalid, itemAt, notFound, parseRef, shown, valueAt } from "../../core/kernel.ts";
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import { stepOf } from "../graph/step_inputs.ts";
import { topologicalOrder } from "../graph/order.ts";

export type Place =
  | { kind: "registry"; ref: string; name: string; /** No version or alias. */ bare: boolean }
  | { kind: "step"; step: string; output?: string }
  | { kind: "url"; url: string }
  | { kind: "path"; path: string };

interface PlaceOptions {
  /** Base of relative paths. */
  root: string;
  isStep(id: string): boolean;
}

/** Parses `registry:data:raw@^1`, `step:clean.report`, `s3://bucket/key`, or a path. */
export function parsePlace(text: string, { root, isStep }: PlaceOptions): Place {
  if (text.startsWith("registry:")) {
    const ref = text.slice("registry:".length);
    const { name, bare } = parseRef(ref);
    return { kind: "registry", ref, name, bare };
  }
  if (text.startsWith("step:")) return parseStepPlace(text, isStep);
  if (/^file:/i.test(text)) return { kind: "path", path: fileURLToPath(text) };
  if (isUrl(text)) return { kind: "url", url: text };
  return { kind: "path", path: resolve(root, text) };
}

export function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

function parseStepPlace(text: string, isStep: (id: string) => boolean): Place {
  const stepOutput = stepOf(text, { has: isStep });
  if (stepOutput !== undefined) return { kind: "step", ...stepOutput };
  const subject = shown(text.slice("step:".length));
  const hint = "Write step:STEP for all its outputs, or step:STEP.OUTPUT for one of them.";
  throw notFound("read the output of step", subject, "the pipeline has no such step", { hint });
}

/** Returns a step's inputs by name. Without any, it reads all outputs of its upstream steps. */
export function inputsOf({ inputs, upstream }: PipelineStep): Record<string, string> {
  if (Object.keys(inputs).length > 0) return inputs;
  return Object.fromEntries(upstream.map((id) => [id, `step:${id}`]));
}

export interface Dependencies {
  steps: ReadonlyMap<string, PipelineStep>;
  /** All ids, each after its dependencies; otherwise as in the pipeline. */
  order: readonly string[];
  /**
   * Steps that must succeed before a step, by its id: upstream steps, and sources of its inputs.
   */
  before: ReadonlyMap<string, readonly string[]>;
  after: ReadonlyMap<string, readonly string[]>;
  /** The number of steps on the longest path from a step to an end, itself included. */
  remaining: ReadonlyMap<string, number>;
}

/** Sorts steps that are ready: the one with the longest remaining path first. */
export function longestFirst(
  ids: readonly string[],
  { remaining }: Pick<Dependencies, "remaining">,
): string[] {
  return ids.toSorted((a, b) => valueAt(remaining, b) - valueAt(remaining, a));
}

/** Finds the dependencies between steps. Throws `Invalid` for cycles and missing steps. */
export function findDependencies({ id, steps: listed }: Pipeline): Dependencies {
  const steps = new Map(listed.map((step) => [step.id, step]));
  const before = new Map<string, readonly string[]>();
  const after = new Map<string, string[]>(listed.map((step) => [step.id, []]));
  const isStep = (step: string) => steps.has(step);
  for (const step of listed) {
    const read = Object.values(step.inputs).filter((text) => text.startsWith("step:"))
      .map((text) => (parsePlace(text, { root: "/", isStep }) as { step: string }).step);
    const all = [...new Set([...step.upstream, ...read])];
    const missing = all.find((other) => !steps.has(other));
    if (missing !== undefined) {
      const state = `step ${shown(step.id)} waits for ${shown(missing)}, which does not exist`;
      const hint = "Correct its upstream_dependencies and step: inputs.";
      throw invalid("order the steps of", shown(id), state, { hint });
    }
    before.set(step.id, all);
    for (const other of all) valueAt(after, other).push(step.id);
  }
  const order = topologicalOrder(listed.map(({ id }) => ({ id, upstream: valueAt(before, id) })));
  const remaining = new Map<string, number>();
  for (const id of order.toReversed()) {
    let longest = 0;
    for (const next of valueAt(after, id)) longest = Math.max(longest, valueAt(remaining, next));
    remaining.set(id, longest + 1);
  }
  return { steps, order, before, after, remaining };
}

interface Writer {
  step: string;
  output: string;
}

/** Maximum number of names whose writers are kept, which bounds memory. */
const NAMES_KEPT = 64;

/**
 * Finds which upstream step writes an artifact: a step that reads it by its bare name reads the
 * version of this run. Of several writers in a chain, the last one counts. A ref with a version,
 * range or alias is a version of the registry.
 *
 * @returns the writers of the artifacts that a step reads, by input as written
 */
export function createWriters(
  pipeline: Pipeline,
  { steps, order, before }: Dependencies,
  root = "/",
): (step: PipelineStep) => ReadonlyMap<string, Writer> {
  const isStep = (id: string) => steps.has(id);
  const rank = new Map(order.map((id, index) => [id, index]));
  const writers = new Map<string, Map<string, Writer>>(); // by name, then by step
  for (const { id: step, outputs } of pipeline.steps) {
    for (const [output, to] of Object.entries(outputs)) {
      const place = parsePlace(to, { root, isStep });
      if (place.kind !== "registry") continue;
      const ofName = writers.get(place.name) ?? new Map<string, Writer>();
      writers.set(place.name, ofName.set(step, { step, output }));
    }
  }
  const lastWriters = new Map<string, Map<string, Writer | undefined>>();

  /** Returns the last writer before a step. Steps before a writer are not searched. */
  function lastBefore(step: string, name: string): Writer | undefined {
    const ofName = valueAt(writers, name);
    if (lastWriters.size >= NAMES_KEPT && !lastWriters.has(name)) lastWriters.clear();
    const writersOfName = lastWriters.get(name) ?? new Map<string, Writer | undefined>();
    lastWriters.set(name, writersOfName);
    const waiting = [step];
    while (waiting.length > 0) {
      const id = itemAt(waiting, -1);
      if (writersOfName.has(id)) {
        waiting.pop();
        continue;
      }
      const unknown = valueAt(before, id).filter((other) =>
        !ofName.has(other) && !writersOfName.has(other)
      );
      if (unknown.length > 0) {
        for (const other of unknown) waiting.push(other);
        continue;
      }
      waiting.pop();
      let last: Writer | undefined;
      for (const other of valueAt(before, id)) {
        const writer = ofName.get(other) ?? writersOfName.get(other);
        const isLater = writer !== undefined &&
          (last === undefined || valueAt(rank, writer.step) > valueAt(rank, last.step));
        if (isLater) last = writer;
      }
      writersOfName.set(id, last);
    }
    return writersOfName.get(step);
  }

  return (step) => {
    const read = new Map<string, Writer>();
    for (const from of Object.values(step.inputs)) {
      if (!from.startsWith("registry:")) continue;
      const { name, bare } = parsePlace(from, { root, isStep }) as Place & { kind: "registry" };
      const writer = bare && writers.has(name) ? lastBefore(step.id, name) : undefined;
      if (writer !== undefined) read.set(from, writer);
    }
    return read;
  };
}

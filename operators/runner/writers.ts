// Finds the step that writes an artifact which another step reads by name.
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import { type Dependencies, parsePlace } from "./sources.ts";

export interface Writer {
  step: string;
  output: string;
}

/** Most names whose writers are kept, which bounds memory. */
const NAMES_KEPT = 64;

/**
 * Finds which upstream step writes an artifact: a step that reads it by name reads the version of
 * this run. Of several writers in a chain, the last one counts.
 *
 * @returns the writers of the artifacts that a step reads, by name
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
  const kept = new Map<string, Map<string, Writer | undefined>>();

  /** Returns the last writer before a step. Steps before a writer are not searched. */
  function lastBefore(step: string, name: string): Writer | undefined {
    const ofName = writers.get(name)!;
    if (kept.size >= NAMES_KEPT && !kept.has(name)) kept.clear();
    const found = kept.get(name) ?? new Map<string, Writer | undefined>();
    kept.set(name, found);
    const waiting = [step];
    while (waiting.length > 0) {
      const id = waiting.at(-1)!;
      if (found.has(id)) {
        waiting.pop();
        continue;
      }
      const unknown = before.get(id)!.filter((other) => !ofName.has(other) && !found.has(other));
      if (unknown.length > 0) {
        for (const other of unknown) waiting.push(other);
        continue;
      }
      waiting.pop();
      let last: Writer | undefined;
      for (const other of before.get(id)!) {
        const writer = ofName.get(other) ?? found.get(other);
        const isLater = writer !== undefined &&
          (last === undefined || rank.get(writer.step)! > rank.get(last.step)!);
        if (isLater) last = writer;
      }
      found.set(id, last);
    }
    return found.get(step);
  }

  return (step) => {
    const read = new Map<string, Writer>();
    for (const from of Object.values(step.inputs)) {
      if (!from.startsWith("registry:")) continue;
      const { name } = parsePlace(from, { root, isStep }) as { name: string };
      const writer = writers.has(name) ? lastBefore(step.id, name) : undefined;
      if (writer !== undefined) read.set(name, writer);
    }
    return read;
  };
}

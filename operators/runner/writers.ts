// Which step writes what another one reads by the name of its artifact.
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import { type Dependencies, parsePlace } from "./sources.ts";

export interface Writer {
  step: string;
  output: string;
}

/** What was found is kept for so many names: many that are read from far away are slow, but take no memory. */
const NAMES_KEPT = 64;

/**
 * Finds which step upstream of a step writes an artifact: what that writes in this run is what is read. Of several that
 * write it one after the other it is the last.
 *
 * @returns the writers of the artifacts that a step reads, by their names
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

  /** What a step reads is what the last one before it writes: behind one that writes it nobody needs to look. */
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
        if (
          writer !== undefined &&
          (last === undefined || rank.get(writer.step)! > rank.get(last.step)!)
        ) {
          last = writer;
        }
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

// What a step's outputs were made from, as it is kept beside them.
import { sha256 } from "../../../core/bytes/digest.ts";
import type { ArtifactInput } from "../../../core/record.ts";
import type { PinnedInput } from "../pin_inputs.ts";
import { recordNames } from "../records/names.ts";
import type { RunContext } from "../run_context.ts";

/** An artifact names at most so many inputs. */
const MOST_INPUTS = 1_000;

/**
 * The versions that a step reads, with their digests. Where they are more than an artifact can name, they are named by
 * artifacts `<pipeline>:inputs:<step>` of their own, each saved once, so that nothing is missing from the lineage.
 */
export async function lineageOf(
  inputs: Readonly<Record<string, PinnedInput>>,
  { registry, pipeline, signal }: Pick<RunContext, "registry" | "pipeline" | "signal">,
  { step, effect }: { step: string; effect: string },
): Promise<ArtifactInput[]> {
  const read = new Map<string, ArtifactInput>();
  for (const { parts } of Object.values(inputs)) {
    for (const { ref, digest } of parts) if (ref !== undefined) read.set(ref, { ref, digest });
  }
  let named = [...read.values()];
  while (named.length > MOST_INPUTS) {
    const groups: ArtifactInput[] = [];
    for (let from = 0; from < named.length; from += MOST_INPUTS) {
      const group = named.slice(from, from + MOST_INPUTS);
      const refs = group.map((input) => typeof input === "string" ? input : input.ref);
      const { name, version, digest } = await registry.save(
        recordNames(pipeline.id).inputs(step),
        refs,
        {
          inputs: group,
          idempotencyKey: sha256(JSON.stringify([effect, group])),
          signal,
        },
      );
      groups.push({ ref: `${name}@${version}`, digest });
    }
    named = groups;
  }
  return named;
}

// Artifacts with a materializer.
import type { DefinedArtifact, Materializer } from "../../core/materializer.ts";
import { checkName } from "../../core/naming/names.ts";

/**
 * Names an artifact and the materializer of its values, which makes `save` and `load` typed.
 *
 * @example
 * ```ts
 * import { createMemoryBackend, defineArtifact, openRegistry } from "@holdfast/holdfast";
 * import { text } from "@holdfast/holdfast/materializers";
 *
 * await using registry = await openRegistry(createMemoryBackend());
 * const note = defineArtifact("my:note", text());
 * await registry.save(note, "remember");
 * const value: string = await registry.load(note);
 * ```
 */
export function defineArtifact<T, S = T>(
  name: string,
  materializer: Materializer<T, S>,
): DefinedArtifact<T, S> {
  checkName(name);
  return { name, materializer };
}

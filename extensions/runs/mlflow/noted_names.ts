// Notes and labels of names, including names without a version.
import type { Registry } from "../../../mod.ts";
import { mapAtOnce } from "../../../core/kernel.ts";
import type { AnnotateOptions, Annotations, AnnotationsChange } from "../../../registry/mod.ts";
import { annotateHere, LAYOUT, recordsOf } from "../../../registry/records.ts";

/** Returns the notes and labels of a name; undefined if it never had any. */
export async function annotationsOfName(
  registry: Registry,
  name: string,
): Promise<Annotations | undefined> {
  return await recordsOf(registry, "read annotations").ofName(name).annotations();
}

/** Changes notes and labels of a name. */
export async function annotateName(
  registry: Registry,
  name: string,
  change: AnnotationsChange,
  options: AnnotateOptions = {},
): Promise<Annotations> {
  return await annotateHere(registry, name, change, { ...options, mayBeNew: true });
}

/** Yields the labels of the names with a prefix that have annotations. */
export async function* notedNames(
  registry: Registry,
  { prefix, isWanted }: { prefix: string; isWanted(name: string): boolean },
): AsyncGenerator<{ name: string; labels: Annotations["labels"] }> {
  const context = recordsOf(registry, "list names");
  const noted = mapAtOnce(context.names(LAYOUT.NAMES, { prefix }), async (name) => {
    if (!isWanted(name)) return undefined;
    const annotations = await context.ofName(name).annotations();
    return annotations && { name, labels: annotations.labels };
  });
  for await (const each of noted) if (each !== undefined) yield each;
}

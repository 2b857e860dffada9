// Notes and labels of names, including names without a version.
import type { Registry } from "../../../mod.ts";
import { mapAtOnce } from "../../../core/kernel.ts";
import type { AnnotateOptions, Annotations, AnnotationsChange } from "../../../registry/mod.ts";
import { decodeName } from "../../../core/naming/names.ts";
import { annotateHere, contextOf, LAYOUT, readAnnotations } from "../../../registry/records.ts";
import { foldersIn } from "../listed_runs.ts";

/** Returns the notes and labels of a name; undefined if it never had any. */
export async function annotationsOfName(
  registry: Registry,
  name: string,
): Promise<Annotations | undefined> {
  return await readAnnotations(contextOf(registry, "read annotations"), { name });
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
  const context = contextOf(registry, "list names");
  const folders = foldersIn(context, LAYOUT.namesPrefix(prefix));
  const noted = mapAtOnce(folders, async (folder) => {
    const name = decodeName(folder.slice(LAYOUT.folders.names.length, -1));
    if (name === undefined || !isWanted(name)) return undefined;
    const annotations = await readAnnotations(context, { name });
    return annotations && { name, labels: annotations.labels };
  });
  for await (const each of noted) if (each !== undefined) yield each;
}

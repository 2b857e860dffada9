import type { Registry } from "../../core/kernel.ts";
import { annotate, readAnnotations } from "../../registry/mod.ts";
import type { FoundVersion } from "./records.ts";

/** Sets labels and notes of a model or a version, unless others were set here. */
export async function annotateMissing(
  registry: Registry,
  of: string,
  { labels, notes }: Pick<FoundVersion, "labels" | "notes">,
): Promise<void> {
  if (labels.size === 0 && notes === undefined) return;
  const before = await readAnnotations(registry, of);
  const missing = [...labels].filter(([key]) => before?.labels?.[key] === undefined);
  const isUnnoted = notes !== undefined && before?.notes === undefined;
  if (missing.length === 0 && !isUnnoted) return;
  await annotate(registry, of, {
    labels: Object.fromEntries(missing),
    ...isUnnoted && { notes },
  });
}

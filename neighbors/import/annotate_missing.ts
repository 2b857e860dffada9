import { isRegistryError, type Registry } from "../../core/kernel.ts";
import { annotate, type AnnotationsChange, readAnnotations } from "../../registry/mod.ts";
import type { FoundVersion } from "./records.ts";

/**
 * Sets labels and notes of a model or a version, unless others were set here. Returns why some are left
 * out, such as notes that are too long.
 */
export async function annotateMissing(
  registry: Registry,
  of: string,
  { labels, notes }: Pick<FoundVersion, "labels" | "notes">,
): Promise<string[]> {
  if (labels.size === 0 && notes === undefined) return [];
  const before = await readAnnotations(registry, of);
  const missing = [...labels].filter(([key]) => before?.labels?.[key] === undefined);
  const parts: AnnotationsChange[] = [];
  if (missing.length > 0) parts.push({ labels: Object.fromEntries(missing) });
  if (notes !== undefined && before?.notes === undefined) parts.push({ notes });
  if (parts.length === 0) return [];
  if (await refusal(registry, of, Object.assign({}, ...parts)) === undefined) return [];
  const reasons: string[] = [];
  for (const part of parts) {
    const reason = await refusal(registry, of, part);
    const what = part.notes === undefined ? "labels" : "notes";
    if (reason !== undefined) reasons.push(`its ${what} are not imported: ${reason}`);
  }
  return reasons;
}

async function refusal(
  registry: Registry,
  of: string,
  change: AnnotationsChange,
): Promise<string | undefined> {
  try {
    await annotate(registry, of, change);
  } catch (error) {
    if (!isRegistryError(error, "Invalid")) throw error;
    return error.message;
  }
}

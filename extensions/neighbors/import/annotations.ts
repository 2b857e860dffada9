// Labels and notes of models and versions. Those that were set here stay.
import type { Registry } from "../../../mod.ts";
import { isJsonObject, isRegistryError, shown } from "../../../core/kernel.ts";
import { readRules } from "../../../registry/tools/settings.ts";
import { annotate, type AnnotationsChange, readAnnotations } from "../../../registry/mod.ts";
import { withDryVersion } from "./dry_save.ts";
import type { FoundVersion } from "./records.ts";

type Found = Pick<FoundVersion, "labels" | "notes">;

export class Annotations {
  readonly #registry: Registry;
  readonly #dryRun: boolean;
  /** The labels that rules require as reviews, by the names of models. */
  readonly #reviews = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(registry: Registry, { dryRun = false }: { dryRun?: boolean }) {
    this.#registry = registry;
    this.#dryRun = dryRun;
  }

  /**
   * Sets labels and notes of a name, or of its version. Returns why some are left out: notes that are
   * too long, and labels that a rule requires as a review. An import that goes on with the versions of
   * another author would count as the reviewer.
   */
  async add(name: string, version: string | undefined, found: Found): Promise<string[]> {
    const { labels, notes } = found;
    if (labels.size === 0 && notes === undefined) return [];
    const reviews = labels.size === 0 ? new Set<string>() : await this.#reviewsOf(name);
    const left = [...labels.keys()].filter((key) => reviews.has(key));
    const kept = { notes, labels: new Map([...labels].filter(([key]) => !reviews.has(key))) };
    const of = version === undefined ? name : `${name}@${version}`;
    const reasons = this.#dryRun
      ? await withDryVersion(name, (registry) => annotateMissing(registry, name, kept))
      : await annotateMissing(this.#registry, of, kept);
    const reason = "is not imported: a rule requires it as a review";
    return [...left.map((key) => `its label ${shown(key)} ${reason}`), ...reasons];
  }

  #reviewsOf(name: string): Promise<ReadonlySet<string>> {
    const known = this.#reviews.get(name);
    if (known !== undefined) return known;
    const found = reviewsOf(this.#registry, name);
    this.#reviews.set(name, found);
    return found;
  }
}

async function reviewsOf(registry: Registry, name: string): Promise<ReadonlySet<string>> {
  const { rules } = await readRules(registry, { name });
  return new Set(rules.flatMap(({ promote }) => {
    const label = isJsonObject(promote) ? promote.review : undefined;
    return typeof label === "string" ? [label] : [];
  }));
}

async function annotateMissing(
  registry: Registry,
  of: string,
  { labels, notes }: Found,
): Promise<string[]> {
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

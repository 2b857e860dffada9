// Notes and labels of versions and names, which can change. The code for a store is imported at the
// first call, so that programs with a client of a service do not load it.
import { checkOptions, checkRegistry, type OptionNames } from "../../core/options/check_options.ts";
import { shown } from "../../core/naming/names.ts";
import { SIGNAL } from "../../core/registry/operations/row.ts";
import type { Annotations } from "../../core/artifact.ts";
import type { AnnotateOptions, AnnotationsChange } from "../../core/registry/annotations.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { checkMetadata } from "../../core/calls/metadata.ts";
import { worded } from "../../core/calls/verb_errors.ts";

const CHANGE: OptionNames<AnnotationsChange> = { notes: true, labels: true };
const ANNOTATE: OptionNames<AnnotateOptions> = { ifRevision: true, signal: true };

/**
 * Changes the notes and labels of a version, or of a bare name. Both stay beside the immutable
 * metadata, are not part of the digest, and every change is kept: `readLog` lists them. Up to 64 KiB
 * as JSON.
 *
 * @param change a merge patch: members that it leaves out stay, null removes one
 * @throws {RegistryError} `NotFound` if there is no such version, `Conflict` for another revision
 * than `ifRevision`, `Unsupported` for a registry without a store or service
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { annotate, readAnnotations } from "@holdfast/holdfast/registry";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("my:model", { layers: 50 });
 * await annotate(registry, "my:model@1", { labels: { stage: "candidate", score: 0.93 } });
 * const { revision } = await annotate(registry, "my:model@1", { labels: { stage: "checked" } });
 * await annotate(registry, "my:model@1", { notes: "Best so far" }, { ifRevision: revision });
 *
 * const { notes, labels } = await readAnnotations(registry, "my:model@1") ?? {};
 * assertEquals([notes, labels], ["Best so far", { stage: "checked", score: 0.93 }]);
 * ```
 */
export async function annotate(
  registry: Registry,
  ref: string,
  change: AnnotationsChange,
  options: AnnotateOptions = {},
): Promise<Annotations> {
  checkRegistry("annotate", registry);
  const members = Object.entries(checkOptions("annotate", change ?? {}, CHANGE));
  const patch = Object.fromEntries(members.filter(([, value]) => value !== undefined));
  const checkedOptions = checkOptions("annotate", options, ANNOTATE);
  checkMetadata(patch, "notes and labels");
  const { service } = registry;
  if (service?.annotate !== undefined) return await service.annotate(ref, patch, checkedOptions);
  const tool = await import("../operations/annotate.ts");
  return await worded(
    { verb: "annotate", ref },
    () => tool.annotateHere(registry, ref, patch, checkedOptions),
  );
}

/**
 * Returns the notes and labels of a version, or of a bare name; undefined if there never were any.
 */
export async function readAnnotations(
  registry: Registry,
  ref: string,
  options: SignalOptions = {},
): Promise<Annotations | undefined> {
  checkRegistry("read annotations", registry);
  checkOptions(`read annotations of ${shown(ref)}`, options, SIGNAL);
  const { service } = registry;
  if (service?.annotations !== undefined) return await service.annotations(ref, options);
  const tool = await import("../operations/annotate.ts");
  const call = { verb: "read annotations of", ref };
  return await worded(call, () => tool.annotationsHere(registry, ref, options));
}

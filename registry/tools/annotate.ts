// Notes and labels of versions and names, which can change. The code for a store is imported at the
// first call, so that programs with a client of a service do not load it.
import { checkOptions, type OptionNames } from "../../core/options/check_options.ts";
import type { Annotations } from "../../core/artifact.ts";
import type { AnnotateOptions, AnnotationsChange } from "../../core/registry/annotations.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";
import { checkMetadata } from "../../core/calls/metadata.ts";
import { callFunction } from "../contract/call_function.ts";

const CHANGE: OptionNames<AnnotationsChange> = { notes: true, labels: true };

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
  const members = Object.entries(checkOptions("annotate", change ?? {}, CHANGE));
  const patch = Object.fromEntries(members.filter(([, value]) => value !== undefined));
  checkMetadata(patch, "notes and labels");
  return await callFunction(registry, [ref, patch, options], {
    name: "annotate",
    action: "annotate",
    options: { ifRevision: {} },
    service: (service, ...args) => service.annotate?.(...args),
    here: async () => (await import("../operations/annotate.ts")).annotateHere,
  });
}

/**
 * Returns the notes and labels of a version, or of a bare name; undefined if there never were any.
 */
export async function readAnnotations(
  registry: Registry,
  ref: string,
  options: SignalOptions = {},
): Promise<Annotations | undefined> {
  return await callFunction(registry, [ref, options], {
    name: "readAnnotations",
    action: "read annotations of",
    options: {},
    service: (service, ...args) => service.annotations?.(...args),
    here: async () => (await import("../operations/annotate.ts")).annotationsHere,
  });
}

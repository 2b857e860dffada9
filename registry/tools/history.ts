// Lineage, differences and the log. Each function imports its code when it is called.
import { checkRegistry, checkToolOptions } from "../../core/options/check_options.ts";
import { worded, wordedListing } from "../contract/verb_errors.ts";
import type { DiffOptions, VersionDifference } from "../operations/look/difference.ts";
import type { Lineage, LineageOptions } from "../../core/registry/lineage.ts";
import type { LogEntry, LogOptions } from "../../core/registry/log.ts";
import type { Registry } from "../../core/registry.ts";
import type { RebuildOptions, RebuildReport } from "../operations/lineage/rebuild.ts";

/**
 * Returns the inputs of a version and the versions made from it, by the `inputs` of saves. Reads
 * only the records on the way, unless the index is incomplete: see {@linkcode rebuildLineage}.
 * Inputs without a version, deleted or changed ones are listed, but not followed.
 *
 * @throws {RegistryError} `NotFound` if there is no such version, `Invalid` for a depth below 1
 *
 * @example
 * ```ts
 * import { createMemoryBackend, lineageOf, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry(createMemoryBackend());
 * const { digest } = await registry.save("data", [1, 2, 3]);
 * await registry.save("model", { mean: 2 }, { inputs: [{ ref: "data@1", digest }] });
 * const { edges } = await lineageOf(registry, "model");
 * assertEquals(edges, [{ from: "data@1.0.0", to: "model@1.0.0" }]);
 * ```
 */
export async function lineageOf(
  registry: Registry,
  ref: string,
  options: LineageOptions = {},
): Promise<Lineage> {
  checkRegistry("follow the lineage", registry);
  const tool = await import("../operations/lineage.ts");
  return await worded({ verb: "lineage", ref }, () => tool.lineageOf(registry, ref, options));
}

/**
 * Completes the lineage index by reading every record, so that {@linkcode lineageOf} need not.
 * Concurrent saves are fine.
 *
 * @throws {RegistryError} `Denied` if the registry was opened read-only
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { rebuildLineage } from "@holdfast/holdfast/maintenance";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("data", [1, 2, 3]);
 * await registry.save("model", { mean: 2 }, { inputs: ["data@1"] });
 * assertEquals(await rebuildLineage(registry), { records: 2, noted: 0, unreadable: [] });
 * ```
 */
export async function rebuildLineage(
  registry: Registry,
  options: RebuildOptions = {},
): Promise<RebuildReport> {
  checkRegistry("rebuild the lineage", registry);
  const tool = await import("../operations/lineage/rebuild.ts");
  const call = { verb: "rebuild the lineage" };
  return await worded(call, () => tool.rebuildLineage(registry, options));
}

/**
 * Compares two versions by their records: files, metadata and inputs.
 *
 * @throws {RegistryError} `NotFound` if there is no such version
 *
 * @example
 * ```ts
 * import { diffVersions, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("model", { rate: 1 }, { metadata: { epochs: 3 } });
 * await registry.save("model", { rate: 2 }, { metadata: { epochs: 5 } });
 * const refs = { before: "model@1", after: "model@2" };
 * const { same, files, metadata } = await diffVersions(registry, refs);
 * assertEquals([same, files.map(({ change }) => change)], [false, ["changed"]]);
 * assertEquals(metadata, [{ path: ["epochs"], before: 3, after: 5 }]);
 * ```
 */
export async function diffVersions(
  registry: Registry,
  options: DiffOptions,
): Promise<VersionDifference> {
  checkToolOptions("compare versions", registry, options, undefined, ["before", "after"]);
  const tool = await import("../operations/look/diff.ts");
  return await tool.diffVersions(registry, options);
}

/**
 * Lists the events of a name, newest first: saved and deleted versions, set and deleted aliases.
 * Registries that neither `openRegistry` nor `openHttpRegistry` opened do not report deletions.
 *
 * @throws {RegistryError} `NotFound` if nothing was ever saved under this name
 *
 * @example
 * ```ts
 * import { logOf, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("model", { rate: 1 });
 * await registry.setAlias("model", "production", "1");
 * const [last, first] = await Array.fromAsync(logOf(registry, "model"));
 * assertEquals([first?.event, first?.version], ["saved", "1.0.0"]);
 * assertEquals([last?.event, last?.alias], ["aliased", "production"]);
 * ```
 */
export function logOf(
  registry: Registry,
  name: string,
  options: LogOptions = {},
): AsyncIterable<LogEntry> {
  return wordedListing({ verb: "list the log of", ref: name }, entriesOf(registry, name, options));
}

async function* entriesOf(...[registry, ...how]: Parameters<typeof logOf>) {
  checkRegistry("list the log", registry);
  const tool = await import("../operations/look/log.ts");
  yield* tool.logOf(registry, ...how);
}

// What versions were made from, how they differ, and what happened to a name. Each function loads
// what it is made of when it is called.
import { checkRegistry, checkToolOptions } from "../../core/options/check_options.ts";
import { worded } from "../contract/verb_errors.ts";
import type { DiffOptions, VersionDifference } from "../operations/look/difference.ts";
import type { Lineage, LineageOptions } from "../../core/registry/lineage.ts";
import type { LogEntry, LogOptions } from "../../core/registry/log.ts";
import type { Registry } from "../../core/registry.ts";
import type { RebuildOptions, RebuildReport } from "../operations/lineage/rebuild.ts";

/**
 * What a version was made from, and what was made from it, as far as records say: `save` takes `inputs`. Both ways only
 * the records on the way are read. In a registry that was made before inputs were noted beside records, or was copied by
 * other means than `mirrorRegistry`, looking down reads every record; the answer says so. What was named without a version, was
 * deleted, or holds something else now is in the answer as that, and is not followed.
 *
 * @throws {RegistryError} `NotFound` where there is no such version; `Invalid` for a depth below 1
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
 * Reads every record, and notes what versions are made from wherever that is missing, so that {@linkcode lineageOf} need
 * not read all. Anybody may save meanwhile; nothing else is changed.
 *
 * @throws {RegistryError} `Denied` where the registry was opened read-only
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
 * assertEquals(await rebuildLineage(registry), { records: 2, noted: 0, unreadable: [] }); // it was noted already
 * ```
 */
export async function rebuildLineage(
  registry: Registry,
  options: RebuildOptions = {},
): Promise<RebuildReport> {
  checkRegistry("rebuild the lineage", registry);
  const tool = await import("../operations/lineage/rebuild.ts");
  return await worded(
    { verb: "rebuild the lineage" },
    () => tool.rebuildLineage(registry, options),
  );
}

/**
 * What differs between two versions, by their records: files that were added, removed, changed and renamed, metadata by
 * its structure, and what they were made from. No content of theirs is read.
 *
 * @throws {RegistryError} `NotFound` where there is no such version
 *
 * @example
 * ```ts
 * import { diffVersions, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("model", { rate: 1 }, { metadata: { epochs: 3 } });
 * await registry.save("model", { rate: 2 }, { metadata: { epochs: 5 } });
 * const { same, files, metadata } = await diffVersions(registry, { before: "model@1", after: "model@2" });
 * assertEquals([same, files.map(({ change }) => change)], [false, ["changed"]]);
 * assertEquals(metadata, [{ path: ["epochs"], before: 3, after: 5 }]);
 * ```
 */
export async function diffVersions(
  registry: Registry,
  options: DiffOptions,
): Promise<VersionDifference> {
  checkToolOptions("compare versions", registry, options, undefined, [
    "before",
    "after",
  ]);
  const tool = await import("../operations/look/diff.ts");
  return await tool.diffVersions(registry, options);
}

/**
 * What happened to a name, newest first: versions that were saved and deleted, aliases that were set and removed. All
 * records of the name are read. A registry of your own, which neither `openRegistry` nor `openHttpRegistry` opened, does
 * not tell of what was deleted and of aliases that were removed.
 *
 * @throws {RegistryError} `NotFound` where nothing was ever saved under this name
 *
 * @example
 * ```ts
 * import { logOf, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("model", { rate: 1 });
 * await registry.setAlias("model", "production", "1");
 * const [last, first] = await logOf(registry, "model");
 * assertEquals([first.event, first.version, last.event, last.alias], ["saved", "1.0.0", "aliased", "production"]);
 * ```
 */
export async function logOf(
  registry: Registry,
  name: string,
  options: LogOptions = {},
): Promise<LogEntry[]> {
  checkRegistry("tell the log", registry);
  const tool = await import("../operations/look/log.ts");
  return await worded(
    { verb: "tell the log of", ref: name },
    () => tool.logOf(registry, name, options),
  );
}

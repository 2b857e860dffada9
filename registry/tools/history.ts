// Functions over any registry that the root exports. Each imports its code when it is called, so
// that programs start faster.
import { checkGiven, checkOptions } from "../../core/options/check_options.ts";
import { callFunction, listByFunction } from "../contract/call_function.ts";
import type { DiffOptions, VersionDifference } from "../operations/look/difference.ts";
import { LINEAGE, type Lineage, type LineageOptions } from "../../core/registry/lineage.ts";
import {
  LOG,
  type LogEntry,
  type LogOptions,
  REGISTRY_LOG,
  type RegistryLogOptions,
} from "../../core/registry/log.ts";
import { SIGNAL } from "../../core/registry/operations/row.ts";
import type { Registry, SignalOptions } from "../../core/registry.ts";

/**
 * Returns the inputs of a version and the versions made from it, by the `inputs` of saves. Reads
 * only the records on the way. Inputs without a version, deleted or changed ones are listed, but not
 * followed.
 *
 * @throws {RegistryError} `NotFound` if there is no such version, `Invalid` for a depth below 1
 *
 * @example
 * ```ts
 * import { createMemoryBackend, readLineage, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry(createMemoryBackend());
 * const { digest } = await registry.save("data", [1, 2, 3]);
 * await registry.save("model", { mean: 2 }, { inputs: [{ ref: "data@1", digest }] });
 * const { edges } = await readLineage(registry, "model");
 * assertEquals(edges, [{ from: "data@1.0.0", to: "model@1.0.0" }]);
 * ```
 */
export async function readLineage(
  registry: Registry,
  ref: string,
  options: LineageOptions = {},
): Promise<Lineage> {
  return await callFunction(registry, [ref, options], {
    name: "readLineage",
    ...LINEAGE,
    here: async () => (await import("../operations/lineage.ts")).readLineage,
  });
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
  return await callFunction(registry, [options], {
    name: "diffVersions",
    action: "compare versions",
    options: { before: {}, after: {} },
    required: ["before", "after"],
    here: async () => (await import("../operations/look/diff.ts")).diffVersions,
  });
}

/**
 * Lists the changes of a name, newest first: saved and deleted versions, set and deleted aliases.
 *
 * @throws {RegistryError} `NotFound` if nothing was ever saved under this name, `Unsupported` for a
 * registry without a store or service
 *
 * @example
 * ```ts
 * import { readLog, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("model", { rate: 1 });
 * await registry.setAlias("model", "production", "1");
 * const [last, first] = await Array.fromAsync(readLog(registry, "model"));
 * assertEquals([first?.event, first?.version], ["saved", "1.0.0"]);
 * assertEquals([last?.event, last?.alias], ["aliased", "production"]);
 * ```
 */
export function readLog(
  registry: Registry,
  name: string,
  options: LogOptions = {},
): AsyncIterable<LogEntry> {
  return listByFunction(registry, [name, options], {
    name: "readLog",
    ...LOG,
    here: async () => (await import("../operations/look/log.ts")).readLog,
  });
}

/**
 * Lists the changes of all names, newest first. A deletion is listed until garbage collection
 * removes its record. Each call lists the keys of all records.
 *
 * @throws {RegistryError} `Unsupported` for a registry without a store or service
 *
 * @example
 * ```ts
 * import { openRegistry, readRegistryLog } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:", { by: "alice" });
 * await registry.save("model", { rate: 1 }, { alias: "production" });
 * await registry.save("data", [1, 2]);
 * const aliased = readRegistryLog(registry, { event: "aliased", by: "alice" });
 * const moves = (await Array.fromAsync(aliased)).map(({ name, alias }) => `${name}@${alias}`);
 * assertEquals(moves, ["model@production"]);
 * ```
 */
export function readRegistryLog(
  registry: Registry,
  options: RegistryLogOptions = {},
): AsyncIterable<LogEntry> {
  return listByFunction(registry, [options], {
    name: "readRegistryLog",
    ...REGISTRY_LOG,
    here: async () => (await import("../operations/look/registry_log.ts")).readRegistryLog,
  });
}

/**
 * Returns the digest that a value would have if it was saved. Stores nothing.
 *
 * @example
 * ```ts
 * import { digestValue, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const { digest } = await registry.save("my:config", { depth: 12 });
 * assertEquals(await digestValue(registry, { depth: 12 }), digest);
 * ```
 */
export async function digestValue(
  registry: Pick<Registry, "materializers">,
  value: unknown,
  options: SignalOptions = {},
): Promise<string> {
  const action = "compute the digest of a value";
  const { signal } = checkOptions(action, options, SIGNAL);
  checkGiven(action, registry, {
    is: typeof registry?.materializers?.forValue === "function",
    what: "registry",
    hint: "Write digestValue(registry, value).",
  });
  const materializer = registry.materializers.forValue(value);
  const [tool, files] = await Promise.all([
    import("../operations/look/digest.ts"),
    materializer.save(value, { signal }),
  ]);
  return await tool.digestOfFiles(materializer, files, { signal });
}

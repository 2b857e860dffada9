/**
 * mindtrace registries in a folder or bucket: read, import and write them. Python code that they
 * name is never imported or run.
 *
 * @module
 */
import type { Registry } from "../../../mod.ts";
import type { ExportMindtraceOptions, ExportReport } from "./export.ts";
import type { ImportMindtraceOptions, ImportReport } from "./import.ts";
import type { MindtraceRegistry, OpenMindtraceOptions } from "./open.ts";
import type { MindtraceLocation } from "./source.ts";

export type { ExportedVersion, ExportMindtraceOptions, ExportReport } from "./export.ts";
export type { ImportedVersion, ImportMindtraceOptions, ImportReport } from "./import.ts";
export type { UnfitVersion } from "./listing.ts";
export type { MindtraceRegistry, OpenMindtraceOptions } from "./open.ts";
export type { MindtraceLocation } from "./source.ts";

/**
 * Opens a mindtrace registry, written by a release from 0.9 to 0.16, as a read-only registry.
 * Strings, numbers, lists, dicts, tuples, sets, bytes, pydantic models, paths and NumPy arrays load
 * as values; the files of everything else are kept as they are. Every load checks the hash that
 * mindtrace recorded. Its own fields beside the metadata are in the member
 * `mindtrace/origin` of the metadata.
 *
 * @param location a folder, the URL of a bucket with its prefix, or a store
 * @throws {RegistryError} `NotFound` if there is no mindtrace registry; reading a damaged version
 * is `Corrupt`
 *
 * @example
 * ```ts ignore
 * import { openMindtrace } from "@holdfast/holdfast/mindtrace";
 *
 * await using registry = await openMindtrace("./mindtrace-registry"); // or "s3://bucket/prefix"
 * console.log(await registry.load("my:model@^1"));
 * const { metadata } = await registry.info("my:model");
 * console.log(metadata["mindtrace/origin"]); // the Python class, materializer and hash
 * ```
 */
export async function openMindtrace(
  location: MindtraceLocation,
  options: OpenMindtraceOptions = {},
): Promise<MindtraceRegistry> {
  const tool = await import("./open.ts");
  return await tool.openMindtrace(location, options);
}

/**
 * Imports all versions of a mindtrace registry: names, versions, metadata, dates and bytes. Run it
 * again to import what is new, or the rest of an interrupted run. Damaged versions, and those that
 * Holdfast cannot name, are in `failures`; the others are imported.
 *
 * @throws {RegistryError} `NotFound` if there is no mindtrace registry
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { exportMindtrace, importMindtrace } from "@holdfast/holdfast/mindtrace";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("my:config", { depth: 12 });
 * const folder = await Deno.makeTempDir();
 * await exportMindtrace(registry, ["my:config"], { to: folder });
 *
 * await using copy = await openRegistry("memory:");
 * const report = await importMindtrace(folder, copy);
 * assertEquals([report.imported, report.failures], [1, []]);
 * assertEquals(await copy.load("my:config"), { depth: 12 });
 * ```
 */
export async function importMindtrace(
  from: MindtraceLocation,
  to: Registry,
  options: ImportMindtraceOptions = {},
): Promise<ImportReport> {
  const tool = await import("./import.ts");
  return await tool.importMindtrace(from, to, options);
}

/**
 * Writes versions into a mindtrace registry in a folder, in the layout of releases 0.13 to 0.16,
 * which is created if it is missing. Values become the Python values that they came from, or that
 * JSON means; files and folders become a `Path`. Versions that the folder has already are skipped.
 *
 * @param refs names, or names with a version, range or alias
 * @throws {RegistryError} `Conflict` for a folder that is not a mindtrace registry
 */
export async function exportMindtrace(
  registry: Registry,
  refs: Iterable<string>,
  options: ExportMindtraceOptions,
): Promise<ExportReport> {
  const tool = await import("./export.ts");
  return await tool.exportMindtrace(registry, refs, options);
}

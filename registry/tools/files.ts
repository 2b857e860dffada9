// The files of a version without all of them in memory.
import type { ArtifactFile, PagedArtifact } from "../../core/artifact.ts";
import type { FileInfo } from "../../core/record.ts";
import {
  LIST_FILES,
  type ListFilesOptions,
  OPEN_FILE,
  OPEN_PAGES,
  type OpenFileOptions,
  type ReadOptions,
} from "../../core/registry/operations/reading.ts";
import type { Registry } from "../../core/registry.ts";
import { callFunction, listByFunction } from "../contract/call_function.ts";

export type { ListFilesOptions, OpenFileOptions, PagedArtifact };

/**
 * Opens one file of a version. Of a version with many files in a store, it reads only the pages of
 * the list that lead to the file.
 *
 * @throws {RegistryError} `NotFound` if there is no such version or file
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { openFile } from "@holdfast/holdfast/registry";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("note", "text");
 * assertEquals(await (await openFile(registry, "note", { path: "text.txt" })).text(), "text");
 * ```
 */
export async function openFile(
  registry: Registry,
  ref: string,
  options: OpenFileOptions,
): Promise<ArtifactFile> {
  return await callFunction(registry, [ref, options], {
    name: "openFile",
    action: "open a file of",
    options: OPEN_FILE,
    required: ["path"],
    here: async () => (await import("../operations/look/files.ts")).openFile,
  });
}

/**
 * Lists the files of a version, sorted by the UTF-8 bytes of their paths. Of a version with many
 * files in a store, it reads one page of the list after the other.
 *
 * @throws {RegistryError} `NotFound` if there is no such version
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { listFiles } from "@holdfast/holdfast/registry";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("note", "text");
 * const paths = await Array.fromAsync(listFiles(registry, "note"), ({ path }) => path);
 * assertEquals(paths, ["text.txt"]);
 * ```
 */
export function listFiles(
  registry: Registry,
  ref: string,
  options: ListFilesOptions = {},
): AsyncIterable<FileInfo> {
  return listByFunction(registry, [ref, options], {
    name: "listFiles",
    action: "list the files of",
    options: LIST_FILES,
    here: async () => (await import("../operations/look/files.ts")).listFiles,
  });
}

/**
 * Opens a version whose files are read a page of its list at a time. Of a version with many files in
 * a store, memory holds a few pages; a shorter list is one page.
 *
 * @throws {RegistryError} `NotFound` if there is no such version
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { openPages } from "@holdfast/holdfast/registry";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("note", "text");
 * const version = await openPages(registry, "note");
 * for await (const page of version.pages()) {
 *   for (const file of page.files()) assertEquals(await file.text(), "text");
 * }
 * ```
 */
export async function openPages(
  registry: Registry,
  ref: string,
  options: ReadOptions = {},
): Promise<PagedArtifact> {
  return await callFunction(registry, [ref, options], {
    name: "openPages",
    action: "open",
    options: OPEN_PAGES,
    here: async () => (await import("../operations/look/files.ts")).openPages,
  });
}

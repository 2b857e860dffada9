// Saves of a dry run: without content, in a registry in memory, which refuses what any registry refuses:
// paths, names and keys, and metadata, notes and aliases that do not fit.
import {
  createMemoryBackend,
  openRegistry,
  type Registry,
  type SaveOptions,
} from "../../../mod.ts";
import type { FileToSave } from "../../../materializers/mod.ts";

export interface DrySave extends Pick<SaveOptions, "version" | "idempotencyKey" | "metadata"> {
  /** Reads the files. */
  readonly check?: boolean;
  readonly signal?: AbortSignal;
}

/** Makes a save without the content of its files. Throws as the save would. */
export async function drySave(
  name: string,
  files: readonly FileToSave[],
  { check, signal, version, idempotencyKey, metadata }: DrySave,
): Promise<void> {
  await using registry = await openRegistry(createMemoryBackend());
  const as = folderOf(files.map(({ path }) => ({ path, content: new Uint8Array() })));
  await registry.save(name, undefined, { version, idempotencyKey, metadata, as });
  if (check) await readFiles(files, signal);
}

/** Calls a function with a registry that has one version, 1.0.0 of a name. */
export async function withDryVersion<T>(
  name: string,
  act: (registry: Registry) => Promise<T>,
): Promise<T> {
  await using registry = await openRegistry(createMemoryBackend());
  await registry.save(name, "", { version: "1.0.0" });
  return await act(registry);
}

/** Reads and checks files. Their streams check the content. */
async function readFiles(files: readonly FileToSave[], signal?: AbortSignal): Promise<void> {
  for (const { content } of files) {
    if (!("stream" in content)) continue;
    for await (const _ of content.stream()) signal?.throwIfAborted();
  }
  for (const { check } of files) await check?.();
}

/** Returns a materializer that saves files as a folder. */
function folderOf(files: readonly FileToSave[]) {
  return { id: "folder", formatVersion: 1, save: () => files, load: () => undefined };
}

/** Returns options that save files as a folder, and never replace a version. */
export function asNewFolder(files: readonly FileToSave[]) {
  return { as: folderOf(files), onConflict: "fail" } as const;
}

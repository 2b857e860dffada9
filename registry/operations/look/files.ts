// The files of a version without all of them in memory.
import { type ArtifactFile, onePage, type PagedArtifact } from "../../../core/artifact.ts";
import { compareUtf8, sortedByPath } from "../../../core/bytes/bytes.ts";
import type { FileInfo } from "../../../core/record.ts";
import type {
  ListFilesOptions,
  OpenFileOptions,
  ReadOptions,
} from "../../../core/registry/operations/reading.ts";
import { memberOf } from "../../../core/registry/release.ts";
import type { Registry } from "../../../core/registry.ts";
import { type Context, knownContext } from "../context.ts";
import { openFileOf, openPagesOf } from "../load.ts";
import { isAbsent } from "../resolve.ts";
import { refMeant } from "./suggesting.ts";

/** Returns the context of a registry whose store is open here; undefined for a member of a release. */
function storeOf(registry: Registry, ref: string): Context | undefined {
  return memberOf(ref) === undefined ? knownContext(registry) : undefined;
}

/** Throws an error, or for a missing version that of `info`, which has a suggestion. */
async function suggesting(
  registry: Registry,
  ref: string,
  { version, asOf, signal }: ReadOptions,
  error: unknown,
): Promise<never> {
  if (isAbsent(error)) await registry.info(ref, { version, asOf, signal });
  throw error;
}

export async function openFile(
  registry: Registry,
  ref: string,
  { path, ...options }: OpenFileOptions,
): Promise<ArtifactFile> {
  const context = storeOf(registry, ref);
  if (context === undefined) return await (await openPages(registry, ref, options)).file(path);
  try {
    return await openFileOf(context, await refMeant(context, ref, options), path, options);
  } catch (error) {
    return await suggesting(registry, ref, options, error);
  }
}

/** Opens a version a page of its list of files at a time. */
export async function openPages(
  registry: Registry,
  ref: string,
  options: ReadOptions = {},
): Promise<PagedArtifact> {
  const context = storeOf(registry, ref);
  if (context === undefined) {
    return await registry.service?.openPages?.(ref, options) ??
      onePage(await registry.open(ref, options));
  }
  try {
    return await openPagesOf(context, await refMeant(context, ref, options), options);
  } catch (error) {
    return await suggesting(registry, ref, options, error);
  }
}

export async function* listFiles(
  registry: Registry,
  ref: string,
  { prefix = "", after = "", ...options }: ListFilesOptions,
): AsyncGenerator<FileInfo> {
  const from = compareUtf8(prefix, after) > 0 ? prefix : after;
  const version = await openPages(registry, ref, options);
  for await (const { info } of version.pages({ after: from })) {
    for (const file of sortedByPath(info.files)) {
      if (compareUtf8(file.path, from) < 0 || file.path === after) continue;
      if (!file.path.startsWith(prefix)) return; // they are sorted
      yield file;
    }
  }
}

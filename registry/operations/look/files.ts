// The files of a version without all of them in memory.
import type { ArtifactFile } from "../../../core/artifact.ts";
import { compareUtf8, sortedByUtf8 } from "../../../core/bytes/bytes.ts";
import type { FileInfo } from "../../../core/record.ts";
import type {
  ListFilesOptions,
  OpenFileOptions,
} from "../../../core/registry/operations/reading.ts";
import { memberOf } from "../../../core/registry/release.ts";
import type { Registry } from "../../../core/registry.ts";
import { type Context, knownContext } from "../context.ts";
import { openFileOf, slicesOf } from "../load.ts";
import { refMeant } from "./suggesting.ts";

/** Returns the context of a registry whose store is open here; undefined for a member of a release. */
function storeOf(registry: Registry, ref: string): Context | undefined {
  return memberOf(ref) === undefined ? knownContext(registry) : undefined;
}

export async function openFile(
  registry: Registry,
  ref: string,
  { path, ...options }: OpenFileOptions,
): Promise<ArtifactFile> {
  const context = storeOf(registry, ref);
  if (context === undefined) return (await registry.open(ref, options)).file(path);
  return await openFileOf(context, await refMeant(context, ref, options), path, options);
}

export async function* listFiles(
  registry: Registry,
  ref: string,
  { prefix = "", after = "", ...options }: ListFilesOptions,
): AsyncGenerator<FileInfo> {
  const { signal } = options;
  const from = compareUtf8(prefix, after) > 0 ? prefix : after;
  const context = storeOf(registry, ref);
  const slices = context === undefined
    ? [sortedByUtf8((await registry.info(ref, options)).files, ({ path }) => path)]
    : slicesOf(context, await refMeant(context, ref, options), { after: from, signal });
  for await (const files of slices) {
    for (const file of files) {
      if (compareUtf8(file.path, from) < 0 || file.path === after) continue;
      if (!file.path.startsWith(prefix)) return; // they are sorted
      yield file;
    }
  }
}

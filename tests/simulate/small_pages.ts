// Registries that store lists of a few files in pages, so that small versions are like large ones.
import type { Registry } from "../../core/registry.ts";
import type { VersionRecord } from "../../core/record.ts";
import type { PageLimits } from "../../registry/format/file_pages.ts";
import { contextOf } from "../../registry/operations/context.ts";
import { FileList } from "../../registry/cell/file_list.ts";
import { locate } from "../../registry/operations/resolve.ts";
import { parseRef } from "../../core/naming/refs.ts";
import { payloadKey } from "../../registry/format/layout.ts";

export const SMALL_PAGES: PageLimits = {
  listBytes: 250,
  files: 2,
  pageBytes: 2_000,
  indexBytes: 700,
};

/** Lets a registry divide lists of more than a file. */
export function withSmallPages<R extends Registry>(registry: R, limits = SMALL_PAGES): R {
  Object.assign(contextOf(registry, "divide lists"), { pageLimits: limits });
  return registry;
}

/** Lets a registry refuse to hold a whole list that is in pages. */
export function withoutWholeLists<R extends Registry>(registry: R): R {
  const oneOfFewLists = () => Promise.reject(new Error("a list in pages was read whole"));
  Object.assign(contextOf(registry, "read lists"), { oneOfFewLists });
  return registry;
}

/** The list of files of a version, and the keys of its objects as they are read. */
export async function listOf(
  registry: Registry,
  ref: string,
): Promise<{ list: FileList; record: VersionRecord; read: string[] }> {
  const context = contextOf(registry, "read lists");
  const { record } = await locate(context, parseRef(ref));
  const read: string[] = [];
  const onObject = ([place, object]: [string, number]) =>
    void read.push(payloadKey(record.name, place, object));
  return { list: new FileList(context, record, { onObject }), record, read };
}

/** Returns the keys of the objects of a list: the topmost page, those below it, those of files. */
export async function listKeys(registry: Registry, ref: string): Promise<string[]> {
  const { list, read } = await listOf(registry, ref);
  for await (const _ of list.slices());
  return read;
}

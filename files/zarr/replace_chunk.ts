/**
 * Replacing an array by one of the same kind.
 *
 * @module
 */
import type { CallOptions } from "../../core/backend.ts";
import type { NDArray } from "../../core/bytes/ndarray.ts";
import type { FileStore } from "../../core/file_store.ts";
import { joinPath } from "../../core/files/paths.ts";
import type { CreateZarrOptions, ZarrArray } from "../../formats/zarr.ts";
import { documentBytes } from "../../formats/zarr/documents/metadata_text.ts";
import { newMetadata } from "../../formats/zarr/nodes.ts";
import { DOCUMENT } from "./array_files.ts";

/**
 * Replaces the one chunk of an array where its document stays the same: readers see what was there before, or all of
 * it. False where that cannot be.
 */
export async function replaceChunk(
  files: FileStore,
  path: string,
  { array, wanted, there, ...options }: CallOptions & { array: NDArray; wanted: CreateZarrOptions; there: ZarrArray },
): Promise<boolean> {
  const isOne = there.shards === undefined && there.shape.every((length, axis) => length <= there.chunks[axis]) &&
    there.shape.length === array.shape.length && there.shape.every((length, axis) => length === array.shape[axis]);
  if (!isOne || array.shape.includes(0)) return false;
  const document = documentBytes(newMetadata(path, wanted).document);
  const before = await (await files.open(joinPath(path, DOCUMENT), options)).bytes();
  if (before.length !== document.length || before.some((byte, i) => byte !== document[i])) return false;
  await there.write(array, options);
  return true;
}

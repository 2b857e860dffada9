// Objects of stored files that the store copies itself, also from another store at its endpoint, so
// that their bytes do not pass through this process. An object is copied if it has the size and tag
// that its own store names, and the SHA-256 of its file where the store computes one.
import type { Backend, CopiedObject, CopyObjectOptions } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { itemAt, valueAt } from "../../../core/faults/present.ts";
import type { StoredFile } from "../../../core/record.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { inTurns } from "../../../core/work/next_turn.ts";
import { SMALL_FILE_BYTES } from "../content.ts";
import type { ByteSharing } from "../job_kinds.ts";
import type { ObjectUse, StoredContent } from "../stored_content.ts";
import type { WriteProgress } from "../write.ts";

export interface FileToCopy {
  file: StoredFile;
  stored: StoredContent;
  sharing?: ByteSharing;
}

/** Copies objects to the folder of a payload. */
export interface ObjectCopier {
  /** True if the objects of this store can be copied. */
  copiesFrom(backend: Backend): boolean;
  copy(key: string, options: CopyObjectOptions): Promise<CopiedObject & { object: number }>;
  drop(object: number): Promise<void>;
}

export interface CopyTarget {
  readonly folder: Partial<ObjectCopier>;
  /** Keeps the encoded list of chunks of a file. */
  readonly lists: { keep(sha256: string, list: Uint8Array): void | Promise<void> };
}

/** Copies the objects of files, each once. Returns the files that must be sent. */
export async function copyStored(
  files: readonly FileToCopy[],
  { folder, lists }: CopyTarget,
  progress: WriteProgress,
): Promise<FileToCopy[]> {
  const uses: ObjectUse[] = [];
  for await (const { stored } of inTurns(files)) uses.push(...stored.uses());
  const copies = new Map<string, number>();
  let isRefused = false;
  await forEachAtOnce(Map.groupBy(uses, ({ key }) => key), async ([key, of]) => {
    if (isRefused) return;
    const used = of.reduce((sum, { part }) => sum + part.size, 0);
    const object = await copyUsed(folder as ObjectCopier, of, used).catch((error) => {
      if (!isRegistryError(error)) throw error;
      isRefused = true;
    });
    if (object === undefined) return;
    copies.set(key, object);
    await progress.moved(itemAt(of, 0).path, used);
  });
  const left: FileToCopy[] = [], large: FileToCopy[] = [];
  for await (const one of inTurns(files)) {
    const { file, stored } = one, places = stored.uses();
    if (!places.every(({ key }) => copies.has(key))) left.push(one);
    else {
      file.parts = places.map(({ key, part: { from: _, ...part } }) => {
        return { ...part, object: valueAt(copies, key) };
      });
      progress.count(file.size - stored.size);
      if (stored.size > SMALL_FILE_BYTES) large.push(one);
    }
  }
  await forEachAtOnce(large, async ({ file: { sha256 }, stored }) => {
    const list = (await stored.list())?.encode();
    if (list !== undefined) await lists.keep(sha256, list);
  });
  return left;
}

/** Copies an object of which at least half is used, and returns its number. */
async function copyUsed(folder: ObjectCopier, uses: readonly ObjectUse[], used: number) {
  const { key, place: { backend, etag }, part, sha256 } = itemAt(uses, 0);
  const info = await backend.head(key);
  const size = info?.size ?? -1;
  if (size > 2 * used || uses.some(({ part }) => (part.offset ?? 0) + part.size > size)) return;
  const other = { location: backend.location, size };
  const copy = await folder.copy(key, { ifEtag: etag ?? info?.etag, other });
  const expected = part.size === size ? sha256 : undefined; // of the whole object
  const isOther = expected !== undefined && copy.sha256 !== undefined && copy.sha256 !== expected;
  if (copy.size === size && !isOther) return copy.object;
  await folder.drop(copy.object); // reading the object names the damage
}

// Arrays in folders of a file store, each shown as one file.
import type { CallOptions } from "../../core/backend.ts";
import { iterableStream, sameBytes } from "../../core/bytes/bytes.ts";
import { areTimes, countElements, ELEMENTS, isNDArray } from "../../formats/arrays/ndarray.ts";
import type { NDArray } from "../../formats/arrays/ndarray.ts";
import { isRegistryError } from "../../core/errors.ts";
import { bytesFile, contentBytes } from "../../formats/content/content.ts";
import type { FileEntry, FileStore, FileToDecode } from "../../core/file_store.ts";
import { joinPath } from "../../core/naming/paths.ts";
import { type Image, isImage, toArray, toImage } from "../../formats/images/image.ts";
import { createZarrArray, openZarrArray, zarrStore } from "../../formats/zarr.ts";
import { usualChunks } from "../../formats/zarr/documents/metadata.ts";
import type { CreateZarrOptions, ZarrArray, ZarrStore } from "../../formats/zarr.ts";
import { npy } from "../../formats/npy.ts";
import { encodeNpyHeader } from "../../formats/arrays/npy_header.ts";
import { DOCUMENT, replacedAgain } from "./document.ts";

/** The attribute of arrays that were images. */
const MARK = "holdfast";
/** An attribute that differs from save to save, so that no reader mixes chunks of two saves. */
const SAVE = "holdfast-save";

/** Retries if an array is replaced while it is read. */
const READS = 10;
type ArrayOptions = Pick<CreateZarrOptions, "codec"> & {
  /** Returns the shape of chunks. @default one chunk, or parts of up to 16 MiB */
  chunks?: (shape: readonly number[]) => readonly number[];
};

export function isArrayValue(value: unknown): value is NDArray | Image {
  return isNDArray(value) && !areTimes(value.dtype) || isImage(value);
}

export function arrayOf(
  value: NDArray | Image,
  { chunks, codec, id }: ArrayOptions & { id: () => string },
): Pick<NewArray, "array" | "options"> {
  const array: NDArray = isImage(value) ? toArray(value) : value;
  const { shape, dtype } = array;
  const grid = chunks?.(shape) ?? usualChunks(shape, dtype);
  const attributes = { ...isImage(value) && { [MARK]: "image" }, [SAVE]: id() };
  return { array, options: { shape, dtype, chunks: grid, codec, separator: ".", attributes } };
}

function emptyStore(set: ZarrStore["set"]): ZarrStore {
  return { location: "", get: () => Promise.resolve(undefined), set };
}

interface NewArray extends CallOptions {
  array: NDArray;
  options: CreateZarrOptions;
}

/** Writes a new array, its document last. */
export async function writeArray(
  files: FileStore,
  folder: string,
  { array, options, signal }: NewArray,
): Promise<void> {
  const documents = new Map<string, Uint8Array>();
  const below = zarrStore(files, folder);
  const store = emptyStore(async (key, bytes, options) => {
    if (key === DOCUMENT) documents.set(key, bytes);
    else await below.set!(key, bytes, options);
  });
  await (await createZarrArray(store, "", { ...options, signal })).write(array, { signal });
  for (const [key, bytes] of documents) await below.set!(key, bytes, { signal });
}

interface StoredArray {
  array: ZarrArray;
  elements: NDArray;
}

export function valueOf({ array, elements }: StoredArray): NDArray | Image {
  return array.attributes[MARK] === "image" ? toImage(elements as NDArray<"uint8">) : elements;
}

/** Returns the array in a folder, if any. An unreadable document means an ordinary folder. */
export async function arrayAt(
  files: FileStore,
  folder: string,
  { signal }: CallOptions,
): Promise<ZarrArray | undefined> {
  try {
    return await openZarrArray(zarrStore(files, folder), "", { version: 3, signal });
  } catch (error) {
    if (isRegistryError(error, "NotFound", "Corrupt", "Unsupported")) return undefined;
    throw error;
  }
}

export function fileEntry(
  path: string,
  { dtype, shape }: Pick<NDArray, "dtype" | "shape">,
): FileEntry {
  const size = encodeNpyHeader(dtype, shape).byteLength +
    countElements(shape) * ELEMENTS[dtype].bytes;
  return { path, kind: "file", size };
}

/** Adds the time of the last change. */
export async function arrayEntry(
  files: FileStore,
  path: string,
  { array, ...options }: CallOptions & { array: ZarrArray },
): Promise<FileEntry> {
  const changed = await files.stat(joinPath(path, DOCUMENT), options);
  const entry = fileEntry(path, array);
  return changed?.modifiedAt === undefined ? entry : { ...entry, modifiedAt: changed.modifiedAt };
}

/** Returns the `.npy` file of an array, encoded when it is read. */
export function npyFile(path: string, elements: NDArray): FileToDecode {
  const { size } = fileEntry(path, elements);
  const bytes = async () => await contentBytes(await npy().encode(elements));
  const stream: FileToDecode["stream"] = (range) =>
    iterableStream((async function* () {
      yield* bytesFile(path, await bytes()).stream(range);
    })());
  return { path, size, isShown: true, bytes, stream };
}

/**
 * Returns the array in a folder and all its elements, if any. Chunks, and missing ones, belong to
 * a document only if it is the same afterwards; else everything is read again.
 */
export async function readStored(
  files: FileStore,
  folder: string,
  { signal }: CallOptions,
): Promise<StoredArray | undefined> {
  for (let tries = 0; tries < READS; tries++) {
    const below = zarrStore(files, folder);
    let before: Uint8Array | undefined;
    const isSame = async () => sameBytes(before, await below.get(DOCUMENT, { signal }));
    const store: ZarrStore = {
      ...below,
      async get(key, options) {
        const bytes = await below.get(key, options);
        if (key === DOCUMENT) before = bytes;
        return bytes;
      },
    };
    try {
      const array = await openZarrArray(store, "", { version: 3, signal });
      const elements = await array.read([], { signal });
      if (await isSame()) return { array, elements };
    } catch (error) {
      if (isRegistryError(error, "NotFound")) return undefined;
      if (isRegistryError(error, "Conflict")) continue; // a chunk was replaced
      if (!isRegistryError(error, "Corrupt") || await isSame()) throw error;
    }
  }
  throw replacedAgain("load", folder, { backend: files.location, tries: READS });
}

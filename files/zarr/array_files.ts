// Arrays in folders of a file store, each seen as one file.
import type { CallOptions } from "../../core/backend.ts";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { areTimes, countElements, ELEMENTS, isNDArray } from "../../formats/arrays/ndarray.ts";
import type { NDArray } from "../../formats/arrays/ndarray.ts";
import { isRegistryError } from "../../core/errors.ts";
import { bytesFile, contentBytes } from "../../formats/content/content.ts";
import type { FileEntry, FileStore, FileToDecode } from "../../core/file_store.ts";
import { joinPath } from "../../core/naming/paths.ts";
import { type Image, isImage, toArray, toImage } from "../../formats/images/image.ts";
import { createZarrArray, openZarrArray, usualChunks, zarrStore } from "../../formats/zarr.ts";
import type { CreateZarrOptions, ZarrArray, ZarrStore } from "../../formats/zarr.ts";
import { npy } from "../../formats/npy.ts";
import { encodeNpyHeader } from "../../formats/arrays/npy_header.ts";
import { DOCUMENT } from "./document.ts";

/** What an attribute of this name says the array was: an image. */
const MARK = "holdfast";
/** The attribute that differs from save to save, so that a reader does not mix chunks of two saves. */
export const SAVE = "holdfast-save";

export type ArrayOptions = Pick<CreateZarrOptions, "codec"> & {
  /** The shape of chunks for a shape, the least that is read. @default one chunk, or pieces of up to 16 MiB */
  chunks?: (shape: readonly number[]) => readonly number[];
};

/** True for what is kept as an array. */
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
  const attributes = {
    ...(isImage(value) ? { [MARK]: "image" } : {}),
    [SAVE]: id(),
  };
  const options: NewArray["options"] = {
    shape,
    dtype,
    chunks: grid,
    codec,
    separator: ".",
    attributes,
  };
  return { array, options };
}

function isOneChunk(shape: readonly number[], chunks: readonly number[]): boolean {
  return shape.every((length, axis) => length <= chunks[axis]);
}

/** A store of a folder that holds nothing: nothing is looked for in it. */
function emptyStore(set: ZarrStore["set"]): ZarrStore {
  return { location: "", get: () => Promise.resolve(undefined), set };
}

export interface NewArray extends CallOptions {
  array: NDArray;
  options: CreateZarrOptions & { chunks: readonly number[] };
}

/** Writes a new array of one chunk: its files by their names. Undefined for one of several chunks. */
export async function filesOf(
  { array, options, signal }: NewArray,
): Promise<Map<string, Uint8Array> | undefined> {
  if (!isOneChunk(array.shape, options.chunks)) return undefined;
  const made = new Map<string, Uint8Array>();
  const store = emptyStore((key, bytes) => Promise.resolve(void made.set(key, bytes)));
  await (await createZarrArray(store, "", { ...options, signal })).write(array, { signal });
  return made;
}

/** Writes a new array, the document last: `made` are its files where it has one chunk. */
export async function writeArray(
  files: FileStore,
  folder: string,
  { array, options, made, signal }: NewArray & { made?: ReadonlyMap<string, Uint8Array> },
): Promise<void> {
  if (made !== undefined) {
    if (files.writeFolder !== undefined) return await files.writeFolder(folder, made, { signal });
    for (const name of [...made.keys()].sort()) {
      await files.write(`${folder}/${name}`, made.get(name)!, { signal });
    }
    return;
  }
  const documents = new Map<string, Uint8Array>();
  const below = zarrStore(files, folder);
  const store = emptyStore(async (key, bytes, options) => {
    if (key === DOCUMENT) documents.set(key, bytes);
    else await below.set!(key, bytes, options);
  });
  await (await createZarrArray(store, "", { ...options, signal })).write(array, { signal });
  for (const [key, bytes] of documents) await below.set!(key, bytes, { signal });
}

export interface StoredArray {
  array: ZarrArray;
  elements: NDArray;
}

export function valueOf({ array, elements }: StoredArray): NDArray | Image {
  return array.attributes[MARK] === "image" ? toImage(elements as NDArray<"uint8">) : elements;
}

/** The array in a folder, or undefined where there is none. What is damaged is thrown. */
export async function findArray(
  files: FileStore,
  folder: string,
  { signal }: CallOptions,
): Promise<ZarrArray | undefined> {
  try {
    return await openZarrArray(zarrStore(files, folder), "", { version: 3, signal });
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return undefined;
    throw error;
  }
}

/** The same for whoever only looks around: a folder whose document is not read here is a folder. */
export async function seenArray(
  files: FileStore,
  folder: string,
  options: CallOptions,
): Promise<ZarrArray | undefined> {
  try {
    return await findArray(files, folder, options);
  } catch (error) {
    if (isRegistryError(error, "Corrupt", "Unsupported")) return undefined;
    throw error;
  }
}

/** What a store says of an array: a file as long as the `.npy` file of it. */
export function fileEntry(
  path: string,
  { dtype, shape }: Pick<NDArray, "dtype" | "shape">,
): FileEntry {
  const size = encodeNpyHeader(dtype, shape).byteLength +
    countElements(shape) * ELEMENTS[dtype].bytes;
  return { path, kind: "file", size };
}

/** The same with the time of its last change: of the one chunk that it has, for only this is replaced, else of the document. */
export async function arrayEntry(
  files: FileStore,
  path: string,
  { array, ...options }: CallOptions & { array: ZarrArray },
): Promise<FileEntry> {
  const { shape, chunks } = array;
  const chunk = isOneChunk(shape, chunks)
    ? await files.stat(joinPath(path, ["c", ...shape.map(() => 0)].join(".")), options)
    : undefined;
  const changed = chunk ?? await files.stat(joinPath(path, DOCUMENT), options);
  const entry = fileEntry(path, array);
  return changed?.modifiedAt === undefined ? entry : { ...entry, modifiedAt: changed.modifiedAt };
}

/** Returns the `.npy` file of an array, which is encoded when it is read. */
export function npyFile(path: string, elements: NDArray): FileToDecode {
  const { size } = fileEntry(path, elements);
  const bytes = async () => await contentBytes(await npy().encode(elements));
  const stream: FileToDecode["stream"] = (range) =>
    iterableStream((async function* () {
      yield* bytesFile(path, await bytes()).stream(range);
    })());
  return { path, size, isShown: true, bytes, stream };
}

/**
 * Zarr arrays as artifacts: a version stores the chunks and documents of an array, and is loaded
 * as a handle that reads parts of it.
 *
 * @module
 */
import type { Artifact } from "../core/artifact.ts";
import { areTimes, type DType, isNDArray, type NDArray } from "../formats/arrays/ndarray.ts";
import { readAll } from "../core/bytes/bytes.ts";
import { unsupported } from "../core/errors.ts";
import type { ClassMaterializer, FileToSave } from "../core/materializer.ts";
import { defineMaterializer } from "../core/materializer.ts";
import { createZarrArray, openZarrArray } from "../formats/zarr.ts";
import type { CreateZarrOptions, ZarrArray, ZarrStore } from "../formats/zarr.ts";
import { fileToDecode } from "./file_to_decode.ts";

/** Options of {@linkcode zarr}. */
export interface ZarrMaterializerOptions
  extends Omit<CreateZarrOptions, "shape" | "dtype" | "signal"> {}

/**
 * Saves an array in chunks, or a {@linkcode ZarrArray} with everything below its path, as stored.
 * Loads a read-only {@linkcode ZarrArray}: `read([[0, 10], null])` fetches only the chunks that it
 * touches, as long as the version exists.
 *
 * Use chunks of 512 KiB to 8 MiB, or larger shards of them: a registry packs files of up to 256
 * KiB together and reads them so, up to 16 MiB at once, and verifies files of up to 8 MiB as a
 * whole even for a range. Files are not compressed again.
 *
 * @example
 * ```ts
 * import { defineArtifact, openRegistry } from "@holdfast/holdfast";
 * import { zarr } from "@holdfast/holdfast/materializers/formats";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const stack = defineArtifact("stack", zarr({ chunks: [1, 2, 2] }));
 * const data = Uint16Array.from({ length: 12 }, (_, i) => i);
 * await registry.save(stack, { data, shape: [3, 2, 2], dtype: "uint16" });
 * const array = await registry.load(stack);
 * assertEquals((await array.read([2])).data, Uint16Array.of(8, 9, 10, 11));
 * ```
 */
export function zarr(
  options: ZarrMaterializerOptions = {},
): ClassMaterializer<ZarrArray, NDArray | ZarrArray> {
  const { maxBytes } = options;
  return defineMaterializer<ZarrArray, NDArray | ZarrArray>({
    id: "zarr",
    accepts: (value) => isNDArray(value) && !areTimes(value.dtype) || isHandle(value),
    save: (value, { signal }) =>
      isHandle(value) ? storedFiles(value, { signal }) : newFiles(value, { ...options, signal }),
    load: async (artifact, { signal }) =>
      await openZarrArray(artifactStore(artifact), "", { maxBytes, signal }),
  });
}

function isHandle(value: unknown): value is ZarrArray {
  const { store, path, read, append } = (value ?? {}) as Partial<ZarrArray>;
  return typeof store?.get === "function" && typeof path === "string" &&
    typeof read === "function" && typeof append === "function";
}

/** Yields the files of a new array: each row of chunks is packed and consumed before the next. */
async function* newFiles(
  value: NDArray,
  options: ZarrMaterializerOptions & { signal?: AbortSignal },
): AsyncIterable<FileToSave> {
  if (!isNDArray(value)) {
    throw unsupported("save value in zarr", undefined, "it is not an array", {
      hint: "Pass { data, shape, dtype }, or a handle of createZarrArray or openZarrArray.",
    });
  }
  const { data, shape, shape: [length = 0, ...inner], dtype } = value;
  const documents = new Map<string, Uint8Array>();
  const store: ZarrStore = {
    location: "",
    get: () => Promise.resolve(undefined),
    set: (key, bytes) => Promise.resolve(void documents.set(key, bytes)),
  };
  const take = () => {
    const files = [...documents].map(([path, content]): FileToSave => ({ path, content }));
    documents.clear();
    return files;
  };
  const array = await createZarrArray(store, "", { ...options, shape, dtype });
  yield* take();
  if (shape.length === 0) await array.write(value, options);
  const [rows = 1] = array.shards ?? array.chunks;
  const perRow = data.length / Math.max(1, length);
  for (let row = 0; row < length; row += rows) {
    const count = Math.min(rows, length - row);
    const part = data.subarray(row * perRow, (row + count) * perRow) as NDArray["data"];
    const at = shape.map((_, axis) => axis === 0 ? row : 0);
    const rest = { data: part, shape: [count, ...inner], dtype };
    await array.write(rest, { at, signal: options.signal });
    yield* take();
  }
  yield* take();
}

/** Yields the files of a stored array, unchanged. */
async function* storedFiles(
  { store, path }: ZarrArray<DType>,
  options: { signal?: AbortSignal },
): AsyncIterable<FileToSave> {
  if (store.list === undefined) {
    throw unsupported("save array in zarr", undefined, "its store cannot list keys", {
      hint: "Save the array that its read() returns.",
      backend: store.location,
    });
  }
  const folders = [""];
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const below = (name: string) => folder === "" ? name : `${folder}/${name}`;
    const at = (name: string) => [path, name].filter((part) => part !== "").join("/");
    for await (const name of store.list(at(folder), options)) {
      if (name.endsWith("/")) folders.push(below(name.slice(0, -1)));
      else {
        const content = await store.get(at(below(name)), options);
        if (content !== undefined) yield { path: below(name), content };
      }
    }
  }
}

function artifactStore(artifact: Artifact): ZarrStore {
  const paths = artifact.files().map(({ info }) => info.path);
  const known = new Set(paths);
  return {
    location: `${artifact.info.name}@${artifact.info.version}`,
    async get(key, { range, suffix, signal } = {}) {
      if (!known.has(key)) return undefined;
      const file = fileToDecode(artifact.file(key));
      if (range === undefined && (suffix === undefined || suffix >= file.size)) {
        return await file.bytes();
      }
      const offset = Math.min(range?.offset ?? file.size - suffix!, file.size);
      const length = Math.min(range?.length ?? file.size, file.size - offset);
      return await readAll(file.stream({ offset, length }), signal);
    },
    async *list(key) {
      const prefix = key === "" ? "" : `${key}/`;
      const names = paths.filter((path) => path.startsWith(prefix)).map((path) => {
        const [name = "", ...rest] = path.slice(prefix.length).split("/");
        return rest.length === 0 ? name : `${name}/`;
      });
      yield* new Set(names);
    },
  };
}

/**
 * Arrays in zarr as artifacts: a version holds the chunks and documents of an array, and is loaded as a handle that reads
 * a part of it without the rest.
 *
 * @module
 */
import type { Artifact } from "../core/artifact.ts";
import { areTimes, type DType, isNDArray, type NDArray } from "../formats/arrays/ndarray.ts";
import { readAll } from "../core/bytes/bytes.ts";
import { fault, type RegistryError } from "../core/errors.ts";
import type { ClassMaterializer, FileToSave } from "../core/materializer.ts";
import { defineMaterializer } from "../core/materializer.ts";
import { createZarrArray, openZarrArray } from "../formats/zarr.ts";
import type { CreateZarrOptions, OpenZarrOptions, ZarrArray, ZarrStore } from "../formats/zarr.ts";
import { fileToDecode } from "./file_to_decode.ts";

/** Options of {@linkcode zarr}. */
export interface ZarrMaterializerOptions
  extends Omit<CreateZarrOptions, "shape" | "dtype" | "signal"> {}

/**
 * Saves an array, in chunks as the options say, and a {@linkcode ZarrArray} with all that lies below its path, as it is
 * stored. Loads a {@linkcode ZarrArray} that only reads: `read([[0, 10], null])` gets the chunks that it touches, while
 * the version stays readable.
 *
 * A registry keeps files of up to 256 KiB together and reads them so, up to 16 MiB at once, and checks a file of up to
 * 8 MiB as a whole, also where a range is asked for: chunks of 512 KiB to 8 MiB, and shards above that, are read best.
 * Nothing is packed twice: a codec is enough.
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
  return defineMaterializer<ZarrArray, NDArray | ZarrArray>({
    id: "zarr",
    accepts: (value) => isNDArray(value) && !areTimes(value.dtype) || isHandle(value),
    save: (value, { signal }) =>
      isHandle(value) ? storedFiles(value, { signal }) : newFiles(value, { ...options, signal }),
    load: async (artifact, { signal }) =>
      await openZarrArray(artifactStore(artifact), "", { ...limits(options), signal }),
  });
}

function limits({ maxBytes }: ZarrMaterializerOptions): OpenZarrOptions {
  return maxBytes === undefined ? {} : { maxBytes };
}

function isHandle(value: unknown): value is ZarrArray {
  const { store, path, read, append } = (value ?? {}) as Partial<ZarrArray>;
  return typeof store?.get === "function" && typeof path === "string" &&
    typeof read === "function" &&
    typeof append === "function";
}

/** The files of a new array: a row of chunks is packed, and taken, before the next one. */
async function* newFiles(
  value: NDArray,
  options: ZarrMaterializerOptions & { signal?: AbortSignal },
): AsyncIterable<FileToSave> {
  if (!isNDArray(value)) throw notKept();
  const { data, shape, dtype } = value;
  const made = new Map<string, Uint8Array>();
  const store: ZarrStore = {
    location: "",
    get: () => Promise.resolve(undefined),
    set: (key, bytes) => Promise.resolve(void made.set(key, bytes)),
  };
  const take = () => {
    const files = [...made].map(([path, content]): FileToSave => ({ path, content }));
    made.clear();
    return files;
  };
  const array = await createZarrArray(store, "", { ...options, shape, dtype });
  yield* take();
  if (shape.length === 0) await array.write(value, options);
  const rows = (array.shards ?? array.chunks)[0];
  const perRow = data.length / Math.max(1, shape[0]);
  for (let row = 0; row < shape[0]; row += rows) {
    const count = Math.min(rows, shape[0] - row);
    const part = data.subarray(row * perRow, (row + count) * perRow) as NDArray["data"];
    const at = shape.map((_, axis) => axis === 0 ? row : 0);
    await array.write({ data: part, shape: [count, ...shape.slice(1)], dtype }, {
      at,
      signal: options.signal,
    });
    yield* take();
  }
  yield* take();
}

/** The files of an array that is stored somewhere, as they are. */
async function* storedFiles(
  { store, path }: ZarrArray<DType>,
  options: { signal?: AbortSignal },
): AsyncIterable<FileToSave> {
  if (store.list === undefined) {
    throw fault({
      code: "Unsupported",
      action: "save an array in zarr",
      state: "its store lists nothing",
      hint: "Save what read() gives of it.",
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

/** The files of a version, by key. */
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
        const [name, ...rest] = path.slice(prefix.length).split("/");
        return rest.length === 0 ? name : `${name}/`;
      });
      yield* new Set(names);
    },
  };
}

function notKept(): RegistryError {
  return fault({
    code: "Unsupported",
    action: "save the value in zarr",
    state: "it is no array",
    hint: "An array is { data, shape, dtype }, or what createZarrArray and openZarrArray give.",
  });
}

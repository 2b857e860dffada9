// An array in a store: what is read of it, and how it changes.
import type { CallOptions } from "../../core/backend.ts";
import { type DType, ELEMENTS, isNDArray, type NDArray } from "../arrays/ndarray.ts";
import { viewBytes } from "../arrays/view_bytes.ts";
import { fault } from "../../core/errors.ts";
import { createLanes } from "../../core/work/lanes.ts";
import { writeAttributes } from "./attributes.ts";
import { stridesOf } from "./chunks/copy_box.ts";
import { type FillValue, valueOf } from "./documents/data_types.ts";
import { invalidZarr, unsupportedZarr } from "./errors.ts";
import { type ArrayMetadata, MAX_BYTES, product, type ZarrLimits } from "./documents/metadata.ts";
import { documentBytes, type ZarrObject } from "./documents/metadata_text.ts";
import { readBox } from "./chunks/read_chunks.ts";
import { shrink, writeBox } from "./chunks/write_chunks.ts";
import { boxAt, checkCount, parseSelection, type ZarrSelection } from "./chunks/selection.ts";
import { keyBelow, writableStore, type ZarrStore } from "./store.ts";

/** An array in a store. What it says of itself is as it was opened, and as this handle changed it. */
export interface ZarrArray<D extends DType = DType> {
  readonly store: ZarrStore;
  readonly path: string;
  readonly version: 2 | 3;
  readonly shape: readonly number[];
  readonly dtype: D;
  /** The shape of a chunk, the least that is read. */
  readonly chunks: readonly number[];
  /** The shape of a shard, the least that is written, where chunks lie together in shards. */
  readonly shards?: readonly number[];
  readonly fillValue: FillValue;
  /** What the dimensions are called, where they have names. */
  readonly dimensionNames?: readonly (string | null)[];
  /** What people noted: JSON, whole numbers above 2^53 as bigints. */
  readonly attributes: Readonly<ZarrObject>;
  /**
   * Reads a part of it, all of it where no selection is given. Only chunks that it touches are read, of shards only
   * those.
   *
   * @throws {RegistryError} `Invalid` for what is not in the shape, `Corrupt` for a damaged chunk, `Unsupported` for more
   * than `maxBytes`, and more than 1,048,576 chunks
   */
  read(selection?: ZarrSelection, options?: CallOptions): Promise<NDArray<D>>;
  /**
   * Writes an array of as many dimensions from the element `at` on, else from the first. A chunk, or a shard, that is
   * written in part is read, changed and written whole: others that write it meanwhile are lost, but for this handle.
   *
   * @throws {RegistryError} `Unsupported` for elements of another type, `Invalid` for what does not fit into the shape
   */
  write(array: NDArray, options?: ZarrWriteOptions): Promise<void>;
  /**
   * Makes it longer along an axis by an array of the same other lengths. Elements are written before the new shape, so
   * that nobody sees a shape without them.
   *
   * @param axis the axis that grows, from 0 @default 0
   * @returns the new shape
   */
  append(array: NDArray, axis?: number, options?: CallOptions): Promise<readonly number[]>;
  /**
   * Gives it another shape of as many dimensions. The shape is written before what is cut off is removed; where it
   * grows, the fill value stands, or what an append left that failed.
   */
  resize(shape: readonly number[], options?: CallOptions): Promise<void>;
  setAttributes(attributes: Readonly<ZarrObject>, options?: CallOptions): Promise<void>;
}

/** Options of {@linkcode ZarrArray.write}. */
export interface ZarrWriteOptions extends CallOptions {
  /** The first element that is written, an index for each axis. @default the first of the array */
  at?: readonly number[];
}

/** The handle of an array whose documents were read or written. */
export function arrayHandle(
  store: ZarrStore,
  path: string,
  { metadata: first, maxBytes = MAX_BYTES }: ZarrLimits & { metadata: ArrayMetadata },
): ZarrArray {
  let metadata = first;
  const lanes = createLanes();
  /** Changes of the shape and of the attributes, one after the other. */
  const changes = createLanes();
  const alone = <T>(task: () => Promise<T>) => changes("", task);
  let growing: readonly number[] | undefined;
  const bounds = () => growing ?? metadata.shape;
  const bytesOf = (shape: readonly number[]) => product(shape) * ELEMENTS[metadata.dtype].bytes;

  async function writeAt(array: NDArray, at: readonly number[], { signal }: CallOptions) {
    writableStore(store, "write zarr");
    const box = boxAt(at, array.shape);
    checkCount(path, box, metadata.grid);
    const elements = { bytes: viewBytes(array.data), strides: stridesOf(array.shape) };
    if (array.dtype === "bool" && elements.bytes.some((byte) => byte > 1)) {
      throw unsupportedZarr(
        path,
        "a bool that is to be written is neither 0 nor 1",
        "Use uint8 for other elements.",
      );
    }
    await writeBox({ store, path, metadata, signal }, box, { elements, bounds, lanes });
  }

  async function setShape(shape: readonly number[], options: CallOptions): Promise<void> {
    const document = { ...metadata.document, shape: [...shape] };
    const name = metadata.version === 3 ? "zarr.json" : ".zarray";
    await writableStore(store, "resize zarr").set(
      keyBelow(path, name),
      documentBytes(document),
      options,
    );
    metadata = { ...metadata, shape: document.shape, document };
  }

  return {
    store,
    path,
    get version() {
      return metadata.version;
    },
    get shape() {
      return [...metadata.shape];
    },
    get dtype() {
      return metadata.dtype;
    },
    get chunks() {
      return [...metadata.sharding?.chunks ?? metadata.grid];
    },
    get shards() {
      return metadata.sharding && [...metadata.grid];
    },
    get fillValue() {
      return valueOf(metadata.dtype, metadata.fill);
    },
    get dimensionNames() {
      return metadata.dimensionNames && [...metadata.dimensionNames];
    },
    get attributes() {
      return structuredClone(metadata.attributes);
    },

    async read(selection, { signal } = {}) {
      const now = metadata;
      const { box, shape } = parseSelection(path, selection, now.shape);
      const { dtype } = now;
      if (bytesOf(shape) > maxBytes) {
        const hint = "Read a part of it at a time, or open it with a larger maxBytes.";
        throw unsupportedZarr(
          path,
          `${bytesOf(shape)} bytes at once, ${maxBytes} are allowed`,
          hint,
        );
      }
      checkCount(path, box, now.sharding?.chunks ?? now.grid);
      const bytes = await readBox({ store, path, metadata: now, signal }, box);
      const { array, lanes } = ELEMENTS[dtype];
      return { data: new array(bytes.buffer, 0, product(shape) * lanes), shape, dtype };
    },

    async write(array, { at = metadata.shape.map(() => 0), signal } = {}) {
      const { shape } = metadata;
      checkArray(path, array, metadata);
      const fits = at.length === shape.length &&
        at.every((start, axis) => isIndex(start) && start + array.shape[axis] <= shape[axis]);
      if (!fits) {
        throw invalidZarr(
          path,
          `an array of shape (${array.shape.join(", ")}) at (${at.join(", ")}) does not fit into (${
            shape.join(", ")
          })`,
          "append() and resize() make it larger.",
        );
      }
      await writeAt(array, at, { signal });
    },

    append: (array, axis = 0, options = {}) =>
      alone(async () => {
        const { shape } = metadata;
        checkArray(path, array, metadata);
        const fits = shape.every((length, each) => each === axis || array.shape[each] === length);
        if (
          !isIndex(axis) || axis >= shape.length || !fits ||
          !isIndex(shape[axis] + array.shape[axis])
        ) {
          throw invalidZarr(
            path,
            `an array of shape (${array.shape.join(", ")}) cannot be appended to (${
              shape.join(", ")
            }) on axis ${axis}`,
            "All lengths but that of the axis are the same.",
          );
        }
        const longer = shape.with(axis, shape[axis] + array.shape[axis]);
        const at = shape.map((length, each) => each === axis ? length : 0);
        growing = longer;
        try {
          await writeAt(array, at, options);
          await setShape(longer, options);
        } finally {
          growing = undefined;
        }
        return [...longer];
      }),

    resize: (shape, options = {}) =>
      alone(async () => {
        const old = metadata.shape;
        if (!Array.isArray(shape) || shape.length !== old.length || !shape.every(isIndex)) {
          throw invalidZarr(
            path,
            `its shape cannot become (${shape})`,
            "Give a length, from 0, for each dimension.",
          );
        }
        const shared = shape.map((length, axis) => Math.min(length, old[axis]));
        const before = metadata;
        if (shared.some((length, axis) => length < old[axis])) {
          const cut = shrink({ store, path, metadata: before, ...options }, shared, lanes);
          await setShape(shared, options);
          await cut();
        }
        if (shared.some((length, axis) => length < shape[axis])) await setShape(shape, options);
      }),

    setAttributes: (attributes, options = {}) =>
      alone(async () => {
        const changed = await writeAttributes(store, path, metadata, attributes, options);
        metadata = { ...metadata, ...changed };
      }),
  };
}

/** True for a whole number from 0. */
export function isIndex(index: unknown): index is number {
  return Number.isSafeInteger(index) && index as number >= 0;
}

function checkArray(path: string, array: NDArray, { dtype, shape }: ArrayMetadata): void {
  if (!isNDArray(array)) {
    throw fault({
      code: "Unsupported",
      action: "write zarr",
      subject: JSON.stringify(path),
      state: "the value is no array",
      hint:
        "An array is { data, shape, dtype } and no more: a typed array of this dtype, as long as the shape says.",
      key: path,
    });
  }
  if (array.dtype !== dtype) {
    throw unsupportedZarr(
      path,
      `its elements are ${dtype}, those of the array that is to be written ${array.dtype}`,
      "Nothing is cast: convert the array first.",
    );
  }
  if (array.shape.length === shape.length) return;
  throw invalidZarr(
    path,
    `an array of ${array.shape.length} dimensions cannot be written into one of ${shape.length}`,
    "Give its shape a 1 for each dimension that it lacks.",
  );
}

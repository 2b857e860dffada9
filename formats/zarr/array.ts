// An array in a store: what is read of it, and how it changes.
import type { CallOptions } from "../../core/backend.ts";
import { countElements, type DType, ELEMENTS, isNDArray, type NDArray } from "../arrays/ndarray.ts";
import { viewBytes } from "../arrays/view_bytes.ts";
import { fault } from "../../core/errors.ts";
import { createLanes } from "../../core/work/lanes.ts";
import { writeAttributes } from "./attributes.ts";
import { stridesOf } from "./chunks/copy_box.ts";
import { type FillValue, valueOf } from "./documents/data_types.ts";
import { invalidZarr, unsupportedZarr } from "./errors.ts";
import { type ArrayMetadata, MAX_BYTES, type ZarrLimits } from "./documents/metadata.ts";
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

/** Returns the handle of an array whose documents were read or written. */
export function arrayHandle(
  store: ZarrStore,
  path: string,
  state: ZarrLimits & { metadata: ArrayMetadata },
): ZarrArray {
  return new ArrayHandle(store, path, state);
}

class ArrayHandle implements ZarrArray {
  readonly store: ZarrStore;
  readonly path: string;
  readonly #maxBytes: number;
  #metadata: ArrayMetadata;
  /** The shape that an append is about to set. */
  #growing?: readonly number[];
  readonly #lanes = createLanes();
  /** Runs changes of the shape and of the attributes, one after the other. */
  readonly #changes = createLanes();

  constructor(
    store: ZarrStore,
    path: string,
    { metadata, maxBytes = MAX_BYTES }: ZarrLimits & { metadata: ArrayMetadata },
  ) {
    this.store = store;
    this.path = path;
    this.#maxBytes = maxBytes;
    this.#metadata = metadata;
  }

  get version(): 2 | 3 {
    return this.#metadata.version;
  }
  get shape(): readonly number[] {
    return [...this.#metadata.shape];
  }
  get dtype(): DType {
    return this.#metadata.dtype;
  }
  get chunks(): readonly number[] {
    return [...this.#metadata.sharding?.chunks ?? this.#metadata.grid];
  }
  get shards(): readonly number[] | undefined {
    return this.#metadata.sharding && [...this.#metadata.grid];
  }
  get fillValue(): FillValue {
    return valueOf(this.#metadata.dtype, this.#metadata.fill);
  }
  get dimensionNames(): readonly (string | null)[] | undefined {
    return this.#metadata.dimensionNames && [...this.#metadata.dimensionNames];
  }
  get attributes(): Readonly<ZarrObject> {
    return structuredClone(this.#metadata.attributes);
  }

  async read(selection?: ZarrSelection, { signal }: CallOptions = {}): Promise<NDArray> {
    const { store, path } = this;
    const metadata = this.#metadata;
    const { dtype, grid, sharding } = metadata;
    const { box, shape } = parseSelection(path, selection, metadata.shape);
    const { array, bytes: itemBytes, lanes } = ELEMENTS[dtype];
    const size = countElements(shape) * itemBytes;
    if (size > this.#maxBytes) {
      throw unsupportedZarr(
        path,
        `${size} bytes at once, ${this.#maxBytes} are allowed`,
        "Read a part of it at a time, or open it with a larger maxBytes.",
      );
    }
    checkCount(path, box, sharding?.chunks ?? grid);
    const bytes = await readBox({ store, path, metadata, signal }, box);
    return { data: new array(bytes.buffer, 0, countElements(shape) * lanes), shape, dtype };
  }

  async write(array: NDArray, { at, signal }: ZarrWriteOptions = {}): Promise<void> {
    const { shape } = this.#metadata;
    const first = at ?? shape.map(() => 0);
    checkArray(this.path, array, this.#metadata);
    const fits = first.length === shape.length &&
      first.every((start, axis) => isIndex(start) && start + array.shape[axis] <= shape[axis]);
    if (!fits) {
      throw invalidZarr(
        this.path,
        `an array of ${tuple(array.shape)} at (${first.join(", ")}) does not fit into (${
          shape.join(", ")
        })`,
        "append() and resize() make it larger.",
      );
    }
    await this.#writeAt(array, first, { signal });
  }

  async append(
    array: NDArray,
    axis = 0,
    options: CallOptions = {},
  ): Promise<readonly number[]> {
    return await this.#alone(async () => {
      const { shape } = this.#metadata;
      checkArray(this.path, array, this.#metadata);
      const fits = isIndex(axis) && axis < shape.length &&
        shape.every((length, each) => each === axis || array.shape[each] === length) &&
        isIndex(shape[axis] + array.shape[axis]);
      if (!fits) {
        throw invalidZarr(
          this.path,
          `an array of ${tuple(array.shape)} cannot be appended to (${
            shape.join(", ")
          }) on axis ${axis}`,
          "All lengths but that of the axis are the same.",
        );
      }
      const longer = shape.with(axis, shape[axis] + array.shape[axis]);
      this.#growing = longer;
      try {
        await this.#writeAt(array, shape.map((n, each) => each === axis ? n : 0), options);
        await this.#setShape(longer, options);
      } finally {
        this.#growing = undefined;
      }
      return [...longer];
    });
  }

  async resize(shape: readonly number[], options: CallOptions = {}): Promise<void> {
    await this.#alone(async () => {
      const { store, path } = this;
      const metadata = this.#metadata;
      const old = metadata.shape;
      if (!Array.isArray(shape) || shape.length !== old.length || !shape.every(isIndex)) {
        throw invalidZarr(
          path,
          `its shape cannot become (${shape})`,
          "Give a length, from 0, for each dimension.",
        );
      }
      const shared = shape.map((length, axis) => Math.min(length, old[axis]));
      if (shared.some((length, axis) => length < old[axis])) {
        const cut = shrink({ store, path, metadata, ...options }, shared, this.#lanes);
        await this.#setShape(shared, options);
        await cut();
      }
      if (shared.some((length, axis) => length < shape[axis])) await this.#setShape(shape, options);
    });
  }

  async setAttributes(
    attributes: Readonly<ZarrObject>,
    options: CallOptions = {},
  ): Promise<void> {
    await this.#alone(async () => {
      const { store, path } = this;
      const changed = await writeAttributes(store, path, this.#metadata, attributes, options);
      this.#metadata = { ...this.#metadata, ...changed };
    });
  }

  #alone<T>(task: () => Promise<T>): Promise<T> {
    return this.#changes("", task);
  }

  async #writeAt(array: NDArray, at: readonly number[], { signal }: CallOptions): Promise<void> {
    const { store, path } = this;
    const metadata = this.#metadata;
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
    const bounds = () => this.#growing ?? this.#metadata.shape;
    await writeBox({ store, path, metadata, signal }, box, {
      elements,
      bounds,
      lanes: this.#lanes,
    });
  }

  async #setShape(shape: readonly number[], options: CallOptions): Promise<void> {
    const document = { ...this.#metadata.document, shape: [...shape] };
    const key = keyBelow(this.path, this.version === 3 ? "zarr.json" : ".zarray");
    await writableStore(this.store, "resize zarr").set(key, documentBytes(document), options);
    this.#metadata = { ...this.#metadata, shape: document.shape, document };
  }
}

function tuple(shape: readonly number[]): string {
  return `shape (${shape.join(", ")})`;
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

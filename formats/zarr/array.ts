// An array in a store.
import type { CallOptions } from "../../core/backend.ts";
import { countElements, type DType, ELEMENTS, isNDArray, type NDArray } from "../arrays/ndarray.ts";
import { viewBytes } from "../arrays/view_bytes.ts";
import { fault } from "../../core/errors.ts";
import { itemAt } from "../../core/faults/present.ts";
import { createLanes } from "../../core/work/lanes.ts";
import { writeAttributes } from "./attributes.ts";
import { stridesOf } from "../arrays/copy_box.ts";
import { type FillValue, valueOf } from "./documents/data_types.ts";
import { invalid, unsupported } from "./errors.ts";
import { type ArrayMetadata, MAX_BYTES, type ZarrLimits } from "./documents/metadata.ts";
import { documentBytes, type ZarrObject } from "./documents/metadata_text.ts";
import { readBox } from "./chunks/read_chunks.ts";
import { shrink, writeBox } from "./chunks/write_chunks.ts";
import { boxAt, checkCount, parseSelection, type ZarrSelection } from "./chunks/selection.ts";
import { writableStore, type ZarrStore } from "./store.ts";
import { joinPath } from "../../core/naming/paths.ts";

/** An array in a store. Its properties are those when it was opened, and changes by this handle. */
export interface ZarrArray<D extends DType = DType> {
  readonly store: ZarrStore;
  readonly path: string;
  readonly version: 2 | 3;
  readonly shape: readonly number[];
  readonly dtype: D;
  /** The shape of a chunk, the unit of reads. */
  readonly chunks: readonly number[];
  /** The shape of a shard, the unit of writes; absent without shards. */
  readonly shards?: readonly number[] | undefined;
  readonly fillValue: FillValue;
  readonly dimensionNames?: readonly (string | null)[] | undefined;
  /** JSON with bigints for whole numbers above 2^53. */
  readonly attributes: Readonly<ZarrObject>;
  /**
   * Reads a selection, by default all of it, from only the chunks that it touches, also inside
   * shards.
   *
   * @throws {RegistryError} `Invalid` for a selection out of bounds, `Corrupt` for a damaged
   * chunk, `Unsupported` for more than `maxBytes` or more than 1,048,576 chunks
   */
  read(selection?: ZarrSelection, options?: CallOptions): Promise<NDArray<D>>;
  /**
   * Writes an array with the same number of dimensions. A chunk or shard that is written in part is
   * read, changed and written whole: concurrent writes through other handles are lost.
   *
   * @throws {RegistryError} `Unsupported` for another dtype, `Invalid` for elements out of bounds
   */
  write(array: NDArray, options?: ZarrWriteOptions): Promise<void>;
  /**
   * Appends an array along an axis; its other lengths must match. Elements are written before the
   * new shape, so that readers never see a shape without them.
   *
   * @param axis @default 0
   * @returns the new shape
   */
  append(array: NDArray, axis?: number, options?: CallOptions): Promise<readonly number[]>;
  /**
   * Changes the shape, but not the number of dimensions. The shape is written before chunks are
   * removed. New elements have the fill value, or values of an append that failed.
   */
  resize(shape: readonly number[], options?: CallOptions): Promise<void>;
  setAttributes(attributes: Readonly<ZarrObject>, options?: CallOptions): Promise<void>;
}

/** Options of {@linkcode ZarrArray.write}. */
export interface ZarrWriteOptions extends CallOptions {
  /** The indices of the first written element. @default the first of the array */
  at?: readonly number[];
}

/** A handle of an array whose documents were read or written. */
export class ArrayHandle implements ZarrArray {
  readonly store: ZarrStore;
  readonly path: string;
  readonly #maxBytes: number;
  #metadata: ArrayMetadata;
  /** The shape during an append. */
  #growing?: readonly number[];
  readonly #lanes = createLanes();
  /** Serializes changes of the shape and of the attributes. */
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
      const hint = "Read a part of it at a time, or open it with a larger maxBytes.";
      throw unsupported(path, `${size} bytes at once, ${this.#maxBytes} are allowed`, hint);
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
      first.every((start, axis) =>
        isIndex(start) && start + itemAt(array.shape, axis) <= itemAt(shape, axis)
      );
    if (!fits) {
      const state = `${tuple(array.shape)} at (${first.join(", ")}) exceeds ${tuple(shape)}`;
      throw invalid(this.path, state, "Use append() or resize() to make it larger.");
    }
    await this.#writeAt(array, first, { signal });
  }

  async append(array: NDArray, axis = 0, options: CallOptions = {}): Promise<readonly number[]> {
    return await this.#alone(async () => {
      const { shape } = this.#metadata;
      checkArray(this.path, array, this.#metadata);
      const fits = isIndex(axis) && axis < shape.length &&
        shape.every((length, each) => each === axis || array.shape[each] === length) &&
        isIndex(itemAt(shape, axis) + itemAt(array.shape, axis));
      if (!fits) {
        const state = `${tuple(array.shape)} does not extend ${tuple(shape)} on axis ${axis}`;
        throw invalid(this.path, state, "Use the same lengths on all other axes.");
      }
      const longer = shape.with(axis, itemAt(shape, axis) + itemAt(array.shape, axis));
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
        throw invalid(
          path,
          `invalid shape (${shape})`,
          "Pass a non-negative integer for each dimension.",
        );
      }
      const shared = shape.map((length, axis) => Math.min(length, itemAt(old, axis)));
      if (shared.some((length, axis) => length !== old[axis])) {
        const cut = shrink({ store, path, metadata, ...options }, shared, this.#lanes);
        await this.#setShape(shared, options);
        await cut();
      }
      if (shared.some((n, axis) => n !== shape[axis])) await this.#setShape(shape, options);
    });
  }

  async setAttributes(attributes: Readonly<ZarrObject>, options: CallOptions = {}): Promise<void> {
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
      throw unsupported(path, "a bool is neither 0 nor 1", "Use uint8 for other elements.");
    }
    const bounds = () => this.#growing ?? this.#metadata.shape;
    const options = { elements, bounds, lanes: this.#lanes };
    await writeBox({ store, path, metadata, signal }, box, options);
  }

  async #setShape(shape: readonly number[], options: CallOptions): Promise<void> {
    const document = { ...this.#metadata.document, shape: [...shape] };
    const key = joinPath(this.path, this.version === 3 ? "zarr.json" : ".zarray");
    await writableStore(this.store, "resize zarr").set(key, documentBytes(document), options);
    this.#metadata = { ...this.#metadata, shape: document.shape, document };
  }
}

function tuple(shape: readonly number[]): string {
  return `shape (${shape.join(", ")})`;
}

/** Returns true for a whole number from 0. */
export function isIndex(index: unknown): index is number {
  return Number.isSafeInteger(index) && index as number >= 0;
}

function checkArray(path: string, array: NDArray, { dtype, shape }: ArrayMetadata): void {
  if (!isNDArray(array)) {
    throw fault({
      code: "Unsupported",
      action: "write zarr",
      subject: JSON.stringify(path),
      state: "the value is not an array",
      hint:
        "Pass exactly { data, shape, dtype }: a typed array whose length is the product of shape.",
      key: path,
    });
  }
  if (array.dtype !== dtype) {
    const hint = "Convert the array first; nothing is cast.";
    throw unsupported(path, `its elements are ${dtype}, those of the value ${array.dtype}`, hint);
  }
  if (array.shape.length === shape.length) return;
  const state = `the value has ${array.shape.length} dimensions, the array ${shape.length}`;
  throw invalid(path, state, "Add dimensions of length 1 to the shape of the value.");
}

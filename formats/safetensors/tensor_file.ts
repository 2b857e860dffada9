// Reads and writes `.safetensors` files.
import {
  compareUtf8,
  concatBytes,
  forEachChunk,
  iterableStream,
  readAll,
} from "../../core/bytes/bytes.ts";
import { SMALL_BYTES } from "../arrays/view_bytes.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { notFound } from "../../core/errors.ts";
import type { FileSource } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import { isPlainObject } from "../../core/text/plain_value.ts";
import { itemAt } from "../../core/faults/present.ts";
import { countElements, type TypedArray } from "../arrays/ndarray.ts";
import { checkFile } from "../content/content.ts";
import { unwritable } from "../content/file_faults.ts";
import type { FormatOptions } from "../content/format.ts";
import { corrupt, readHeader, type TensorInfo } from "./header.ts";
import { decodeTensor, encodeTensor, LAYOUTS, type Tensor, tensorBytes } from "./tensors.ts";

/** The value of a `.safetensors` file. */
export interface TensorFile {
  tensors: Record<string, Tensor>;
  /** Strings beside them, such as `{ format: "pt" }`. */
  metadata?: Record<string, string>;
}

/** An opened `.safetensors` file: its header was read. */
export interface OpenedTensors {
  readonly metadata: Readonly<Record<string, string>>;
  /** Types, shapes and offsets by name, in the order of the bytes. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Reads one tensor, by one ranged read. An unknown name is `NotFound`. */
  read(name: string, options?: FormatOptions): Promise<Tensor>;
}

/**
 * Opens a `.safetensors` file and reads only its header.
 *
 * @throws {RegistryError} `Corrupt` for a damaged file, `Unsupported` for an unknown type
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { openSafetensors, safetensors } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const weight = { data: Float32Array.of(1, 2), shape: [2], dtype: "float32" } as const;
 * const bytes = await safetensors().encode({ tensors: { weight } }) as Uint8Array;
 * const model = await openSafetensors(bytesFile("model.safetensors", bytes));
 * assertEquals([...model.tensors.keys()], ["weight"]);
 * assertEquals(await model.read("weight"), weight);
 * ```
 */
export async function openSafetensors(
  file: FileToDecode,
  options: FormatOptions = {},
): Promise<OpenedTensors> {
  checkFile(file, "open model");
  const { tensors, metadata } = await readHeader(file, options.signal);
  return {
    metadata,
    tensors,
    async read(name, { signal } = {}) {
      const info = tensors.get(name);
      if (info === undefined) throw unknownTensor(file.path, name, tensors);
      const { offset, size: length, dtype, shape } = info;
      const bytes = length === 0
        ? new Uint8Array()
        : await readAll(file.stream({ offset, length }), signal);
      if (bytes.byteLength !== length) throw cutShort(file.path, length, bytes.byteLength);
      return { data: decodeTensor(dtype, bytes), shape, dtype };
    },
  };
}

function unknownTensor(path: string, name: string, tensors: ReadonlyMap<string, TensorInfo>) {
  const some = [...tensors.keys()].slice(0, 10).map(shown).join(", ");
  return notFound("read tensor", `${shown(name)} of ${shown(path)}`, "no such tensor", {
    hint: some === "" ? "The file has no tensors." : `There are ${tensors.size}: ${some} …`,
  });
}

const cutShort = (path: string, expectedBytes: number, readBytes: number) =>
  corrupt(path, `expected ${expectedBytes} bytes of tensors, got ${readBytes}`);

/** Reads all tensors by one sequential read, into memory of their own. */
export async function readTensors(file: FileToDecode, signal?: AbortSignal): Promise<TensorFile> {
  const { tensors, metadata, dataOffset } = await readHeader(file, signal);
  const parts = [...tensors.values()].map(({ size }) => new Uint8Array(size));
  const length = file.size - dataOffset;
  let [part, at, readBytes] = [0, 0, 0];
  const take = (chunk: Uint8Array) => {
    readBytes += chunk.byteLength;
    for (let from = 0; from < chunk.byteLength && part < parts.length;) {
      const target = parts[part]!;
      const piece = chunk.subarray(from, from + target.byteLength - at);
      target.set(piece, at);
      [from, at] = [from + piece.byteLength, at + piece.byteLength];
      if (at === target.byteLength) [part, at] = [part + 1, 0];
    }
  };
  if (length > 0) await forEachChunk(file.stream({ offset: dataOffset, length }), take, signal);
  if (readBytes !== length) throw cutShort(file.path, length, readBytes);
  const values = [...tensors].map(([name, { dtype, shape }], i): [string, Tensor] => {
    return [name, { data: decodeTensor(dtype, itemAt(parts, i)), shape, dtype }];
  });
  return { tensors: Object.fromEntries(values), metadata };
}

/** Encodes a file as the library does: wide types first, so that all are aligned, then by name. */
export function encodeTensors({ tensors, metadata = {} }: TensorFile): Uint8Array | FileSource {
  const ordered = Object.entries(tensors).sort(([a, { dtype: of }], [b, { dtype: than }]) =>
    LAYOUTS[than].bits - LAYOUTS[of].bits || compareUtf8(a, b)
  );
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(["__metadata__", metadata]);
  let end = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    const begin = end;
    end += data.byteLength;
    header.push([name, { dtype: LAYOUTS[dtype].name, shape, data_offsets: [begin, end] }]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const head = new Uint8Array(8 + Math.ceil(json.byteLength / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.byteLength - 8), true);
  head.set(json, 8);
  const size = head.byteLength + end;
  if (size <= SMALL_BYTES) {
    return concatBytes([head, ...ordered.map(([, tensor]) => encodeTensor(tensor))]);
  }
  async function* chunks(): AsyncIterable<Uint8Array> {
    yield head;
    for (const [, tensor] of ordered) yield encodeTensor(tensor).slice();
  }
  return { size, stream: () => iterableStream(chunks()) };
}

/** Throws `Unsupported` for a value that is not a {@linkcode TensorFile}. */
export function checkTensors(value: unknown): void {
  const problem = tensorsProblem(value);
  if (problem === undefined) return;
  const hint = "Pass { tensors: { name: { data, shape, dtype } }, metadata? }.";
  throw unwritable(".safetensors", problem, hint);
}

/** Returns why a value is not a {@linkcode TensorFile}, or undefined. */
export function tensorsProblem(value: unknown): string | undefined {
  const { tensors, metadata = {}, ...rest } = (value ?? {}) as Partial<TensorFile>;
  if (!isPlainObject(tensors) || Object.keys(rest).length > 0) {
    return "it is not { tensors, metadata? }";
  }
  if (
    !isPlainObject(metadata) || !Object.values(metadata).every((text) => typeof text === "string")
  ) {
    return "its metadata are not strings";
  }
  for (const [name, tensor] of Object.entries(tensors)) {
    const isNamed = name !== "__metadata__" && name.isWellFormed();
    const state = isNamed ? tensorProblem(tensor) : "it has an invalid name";
    if (state !== undefined) return `tensor ${shown(name)}: ${state}`;
  }
}

function tensorProblem(tensor: unknown): string | undefined {
  const { data, shape, dtype } = (tensor ?? {}) as Partial<Tensor>;
  if (typeof dtype !== "string" || !Object.hasOwn(LAYOUTS, dtype)) return "unknown dtype";
  const isShape = Array.isArray(shape) &&
    Array.from(shape).every((side) => Number.isSafeInteger(side) && side >= 0);
  if (!isShape) return "invalid shape";
  const { array } = LAYOUTS[dtype];
  if (!ArrayBuffer.isView(data) || Object.getPrototypeOf(data) !== array.prototype) {
    return `its data are not a ${array.name}`;
  }
  const expectedBytes = tensorBytes(dtype, countElements(shape));
  const { byteLength } = data as TypedArray;
  if (byteLength !== expectedBytes) {
    return `its shape needs ${expectedBytes} bytes, its data have ${byteLength}`;
  }
}

// Model files: those that libraries wrote once, and those that Python writes now.
import { readFile } from "node:fs/promises";
import type { FileToDecode } from "../../../core/file_store.ts";
import { contentBytes, fileOf } from "../format_files.ts";
import { safetensors, type TensorFile } from "../../../formats/models/mod.ts";
import { findPython } from "../../support/numpy.ts";

/** Files that `make.py` wrote by torch, timm, peft and ultralytics. */
export const FIXTURES = "tests/fixtures/models";

/** A Python with the libraries of the formats, or undefined. */
export const python = await findPython("gguf, ml_dtypes, numpy, onnx, safetensors");

/** Text that the names of tests end with. */
export const why = python === undefined
  ? " (ignored: neither HOLDFAST_PYTHON nor python3 has gguf, onnx and safetensors)"
  : "";

export async function readBytes(path: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(path));
}

/** Opens a file as one in memory. */
export async function openAt(path: string, name = path): Promise<FileToDecode> {
  return fileOf(await readBytes(path), name);
}

export async function tensorBytes(value: TensorFile): Promise<Uint8Array> {
  return await contentBytes(await safetensors().encode(value));
}

/** Makes a `.safetensors` file of any header and data. */
export function forged(
  header: unknown,
  data?: Uint8Array | number,
  length?: bigint,
): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === "string" ? header : JSON.stringify(header),
  );
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data ?? 0);
  const whole = new Uint8Array(8 + json.byteLength + bytes.byteLength);
  new DataView(whole.buffer).setBigUint64(0, length ?? BigInt(json.byteLength), true);
  whole.set(json, 8);
  whole.set(bytes, 8 + json.byteLength);
  return whole;
}

/** Writes the parts of a GGUF file: whole numbers of 4 bytes, `bigint`s of 8, strings and bytes. */
export function gguf(...parts: (number | bigint | string | Uint8Array)[]): Uint8Array {
  const bytes = parts.flatMap((part): number[] => {
    if (typeof part === "number") return [...new Uint8Array(Uint32Array.of(part).buffer)];
    if (typeof part === "bigint") return [...new Uint8Array(BigUint64Array.of(part).buffer)];
    if (part instanceof Uint8Array) return [...part];
    const text = new TextEncoder().encode(part);
    return [...new Uint8Array(BigUint64Array.of(BigInt(text.byteLength)).buffer), ...text];
  });
  return Uint8Array.from([..."GGUF"].map((letter) => letter.charCodeAt(0)).concat(bytes));
}

/** A protobuf field: a number, or bytes with their length. */
export function field(number: number, value: number | number[] | string): number[] {
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [value % 128 + 128, ...varint(Math.floor(value / 128))];
  if (typeof value === "number") return [...varint(number * 8), ...varint(value)];
  const bytes = typeof value === "string" ? [...new TextEncoder().encode(value)] : value;
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
}

/** A small ONNX model, so that tests can add to it. */
export function onnxBytes(graph: number[] = [], more: number[] = []): Uint8Array {
  const opset = field(8, [...field(1, ""), ...field(2, 21)]);
  const weight = field(5, [...field(1, 3), ...field(1, 4), ...field(2, 1), ...field(8, "w")]);
  const node = field(1, [...field(1, "x"), ...field(2, "y"), ...field(4, "Relu")]);
  const side = [...field(1, [...field(1, 1)]), ...field(1, [...field(2, "n")])];
  const type = field(2, field(1, [...field(1, 1), ...field(2, side)]));
  const input = field(11, [...field(1, "x"), ...type]);
  const whole = field(7, [...node, ...field(2, "net"), ...weight, ...input, ...graph]);
  return Uint8Array.from([...field(1, 10), ...opset, ...whole, ...more]);
}

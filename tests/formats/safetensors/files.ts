// Model files: those that libraries wrote once, and those that Python writes now.
import { readFile } from "node:fs/promises";
import type { FileToDecode } from "../../../core/file_store.ts";
import { contentBytes, fileOf } from "../format_files.ts";
import { safetensors, type TensorFile } from "../../../formats/safetensors.ts";
import { findPython } from "../../support/numpy.ts";

/** Files that `make.py` wrote by torch. */
export const FIXTURES = "tests/fixtures/models";

/** A Python with the libraries of the formats, or undefined. */
export const python = await findPython("ml_dtypes, numpy, safetensors");

/** Text that the names of tests end with. */
export const why = python === undefined
  ? " (ignored: neither HOLDFAST_PYTHON nor python3 has ml_dtypes and safetensors)"
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

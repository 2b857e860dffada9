// Finds the tensors of a file of weights, so that each is paired with the one of its name in an
// earlier file. Formats: safetensors (https://github.com/huggingface/safetensors, header of JSON),
// and NumPy's .npy (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).

/** A file of which ranges can be read. */
export interface Readable {
  /** Its path, whose end may tell the format. */
  path: string;
  size: number;
  /** Reads a range that is within the file. */
  read(range: { offset: number; length: number }): Promise<Uint8Array>;
}

/** The bytes of a tensor in a file. */
export interface Tensor {
  name: string;
  /** Type of the elements, as the format names it. */
  dtype: string;
  shape: readonly number[];
  /** Bytes of an element, 1, 2, 4 or 8. */
  width: number;
  /** Offset of its first byte in the file. */
  from: number;
  /** Offset after its last byte. */
  to: number;
}

/** Longest header that is read, bytes: that of some 100,000 tensors. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;
/** Types of safetensors with elements of more than a byte. */
const WIDTH: ReadonlyMap<string, number> = new Map([
  ...["F64", "I64", "U64"].map((type): [string, number] => [type, 8]),
  ...["F32", "I32", "U32", "C64"].map((type): [string, number] => [type, 4]),
  ...["F16", "BF16", "I16", "U16"].map((type): [string, number] => [type, 2]),
]);

/** Ends of paths of formats whose values keep their places from one version to the next. */
const IN_PLACE = /\.(safetensors|npy|npz|distcp|pt|pth|bin|ckpt|gguf)$/i;

/** True for a file whose values may be at the same places as in an earlier file of its size. */
export function keepsPlaces(path: string): boolean {
  return IN_PLACE.test(path);
}

/** Returns the tensors of a file in their order; undefined for other formats, and damaged files. */
export async function tensorsOf(file: Readable): Promise<Tensor[] | undefined> {
  if (file.size < 16) return undefined;
  if (/\.safetensors$/i.test(file.path)) return await safetensors(file);
  if (/\.npy$/i.test(file.path)) return await npy(file);
  return undefined;
}

async function safetensors(file: Readable): Promise<Tensor[] | undefined> {
  const head = viewOf(await file.read({ offset: 0, length: 8 }));
  const length = Number(head.getBigUint64(0, true)), start = 8 + length;
  if (length > MAX_HEADER_BYTES || start > file.size) return undefined;
  const header = jsonOf(await file.read({ offset: 8, length }));
  if (header === undefined) return undefined;
  const tensors: Tensor[] = [];
  for (const [name, about] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const { dtype, shape, data_offsets: at } = about as Record<string, unknown>;
    if (typeof dtype !== "string" || !areOffsets(shape) || !areOffsets(at)) return undefined;
    const [from = 0, to = 0] = at;
    if (at.length !== 2 || from > to || start + to > file.size) return undefined;
    const width = WIDTH.get(dtype) ?? 1;
    tensors.push({ name, dtype, shape, width, from: start + from, to: start + to });
  }
  tensors.sort((a, b) => a.from - b.from || a.to - b.to);
  return tensors.some(({ from }, i) => i > 0 && from < tensors[i - 1]!.to) ? undefined : tensors;
}

async function npy(file: Readable): Promise<Tensor[] | undefined> {
  const head = await file.read({ offset: 0, length: 12 });
  if (String.fromCharCode(...head.subarray(0, 6)) !== "\x93NUMPY") return undefined;
  const view = viewOf(head), isLong = head[6]! > 1;
  const start = isLong ? 12 + view.getUint32(8, true) : 10 + view.getUint16(8, true);
  if (start > file.size || start > MAX_HEADER_BYTES) return undefined;
  const text = new TextDecoder("latin1").decode(await file.read({ offset: 0, length: start }));
  const [, dtype = ""] = /'descr': *'([^']*)'/.exec(text) ?? [];
  const [, dimensions = ""] = /'shape': *\(([^)]*)\)/.exec(text) ?? [];
  const isRows = /'fortran_order': *False/.test(text);
  const [, digits = ""] = /^[<>|=][biufc](\d+)$/.exec(dtype) ?? [];
  const bytes = Number(digits) / (dtype[1] === "c" ? 2 : 1);
  if (![1, 2, 4, 8].includes(bytes)) return undefined;
  const shape = dimensions.split(",").filter((text) => text.trim() !== "").map(Number);
  const name = isRows ? "rows" : "columns";
  return [{ name, dtype, shape, width: bytes, from: start, to: file.size }];
}

function areOffsets(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((some) => Number.isSafeInteger(some) && some >= 0);
}

function jsonOf(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return isObject(value) && Object.values(value).every(isObject) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

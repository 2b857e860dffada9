// The header of `.safetensors` files (https://huggingface.co/docs/safetensors): its length in 8
// bytes, JSON with the type, shape and place of each tensor, then their bytes without gaps.
import { readAll } from "../../core/bytes/bytes.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";
import { isJsonObject } from "../../core/text/json_text.ts";
import { countElements } from "../arrays/ndarray.ts";
import { viewOf } from "../arrays/view_bytes.ts";
import { corruptFile, type FileFault, unsupportedFile } from "../content/file_faults.ts";
import { DTYPES, tensorBytes, type TensorDType } from "./tensors.ts";

export const corrupt: FileFault = corruptFile("model");
const unsupported = unsupportedFile("model");

/** Longest header, as of the library. */
const MAX_HEADER_BYTES = 100_000_000;

/** The entry of a tensor in a header. */
export interface TensorInfo {
  readonly dtype: TensorDType;
  readonly shape: readonly number[];
  /** Position of its bytes in the file. */
  readonly offset: number;
  /** Number of its bytes. */
  readonly size: number;
}

interface SafetensorsHeader {
  /** Tensors by name, in the order of their bytes. */
  tensors: Map<string, TensorInfo>;
  metadata: Record<string, string>;
  /** Position of the bytes of tensors. */
  dataOffset: number;
}

export async function readHeader(
  file: FileToDecode,
  signal?: AbortSignal,
): Promise<SafetensorsHeader> {
  const { path, size } = file;
  const refuse = (state: string, cause?: unknown) => corrupt(path, state, cause);
  const part = async (offset: number, length: number) => {
    const bytes = await readAll(file.stream({ offset, length }), signal);
    if (bytes.byteLength === length) return bytes;
    throw refuse(`expected ${length} bytes at ${offset}, got ${bytes.byteLength}`);
  };
  if (size < 10) throw refuse(`it has ${size} bytes, too few for a header`);
  const declared = viewOf(await part(0, 8)).getBigUint64(0, true);
  if (declared > size - 8) {
    throw refuse(`its length field gives a header of ${declared} bytes, but the file has ${size}`);
  }
  if (declared > MAX_HEADER_BYTES) throw unsupported(path, `its header has ${declared} bytes`);
  const dataOffset = 8 + Number(declared);
  const bytes = await part(8, Number(declared));
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw refuse("its header is not JSON", cause);
  }
  if (!isJsonObject(header)) throw refuse("its header is not an object");
  const { __metadata__: given, ...entries } = header, metadata = given ?? {}; // null, as the library
  if (!isJsonObject(metadata) || !Object.values(metadata).every((v) => typeof v === "string")) {
    throw refuse("`__metadata__` does not have only strings");
  }
  const tensors = Object.entries(entries).map(([name, entry]) =>
    [name, tensorInfo(path, name, entry, dataOffset)] as const
  ).sort(([, a], [, b]) => a.offset - b.offset || a.size - b.size);
  checkPlaces(path, tensors, dataOffset, size);
  return { tensors: new Map(tensors), metadata: metadata as Record<string, string>, dataOffset };
}

function tensorInfo(path: string, name: string, entry: unknown, dataOffset: number): TensorInfo {
  const refuse = (state: string) => corrupt(path, `tensor ${shown(name)}: ${state}`);
  const { dtype: type, shape, data_offsets: places } = isJsonObject(entry) ? entry : {};
  const dtype = DTYPES.get(type as string);
  if (typeof type !== "string") throw refuse("it has no type");
  if (dtype === undefined) {
    throw unsupported(path, `tensor ${shown(name)}: unknown type ${shown(type)}`);
  }
  const isSize = (value: unknown) => Number.isSafeInteger(value) && value as number >= 0;
  if (!Array.isArray(shape) || !shape.every(isSize)) throw refuse("invalid shape");
  if (!Array.isArray(places) || places.length !== 2 || !places.every(isSize)) {
    throw refuse("invalid data_offsets");
  }
  const [begin, end] = places as [number, number];
  const size = tensorBytes(dtype, countElements(shape));
  if (end - begin !== size) {
    const state = `${type} of shape [${shape.join(", ")}] needs ${size} bytes`;
    throw refuse(`${state}, data_offsets are ${begin} and ${end}`);
  }
  return { dtype, shape, offset: dataOffset + begin, size: size };
}

/** Throws `Corrupt` unless the tensors fill the rest of the file, one after the other. */
function checkPlaces(
  path: string,
  tensors: readonly (readonly [string, TensorInfo])[],
  dataOffset: number,
  fileSize: number,
): void {
  let at = dataOffset;
  for (const [name, { offset, size }] of tensors) {
    const fault = offset < at ? "overlaps the one before" : "has a gap before it";
    if (offset !== at) throw corrupt(path, `tensor ${shown(name)} ${fault}, at byte ${offset}`);
    at += size;
    if (at > fileSize) {
      throw corrupt(path, `tensor ${shown(name)} ends at byte ${at}, the file at ${fileSize}`);
    }
  }
  if (at === fileSize) return;
  throw corrupt(path, `its tensors end at byte ${at}, the file at ${fileSize}`);
}

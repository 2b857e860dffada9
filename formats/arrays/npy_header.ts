// The header of `.npy` files, versions 1.0, 2.0 and 3.0
// (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): the magic bytes
// `\x93NUMPY`, two bytes of version, the length of the header (two bytes in version 1.0, else four,
// little-endian), and a Python dictionary literal with exactly `descr`, `fortran_order` and
// `shape`, padded with spaces up to a newline.
import { type RegistryError, unsupported } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { corruptFile, type FileFault } from "../content/file_faults.ts";
import { type DType, ELEMENTS } from "./ndarray.ts";
import { HOST_BIG_ENDIAN, viewOf } from "./view_bytes.ts";

export interface NpyHeader {
  dtype: DType;
  bigEndian: boolean;
  fortranOrder: boolean;
  shape: number[];
  dataOffset: number;
}

/** Longest header, bytes. NumPy itself stops at 10,000 characters. */
export const MAX_HEADER_BYTES = 65_536;
/** Offset of the elements is a multiple of this, so that they can be used in place. */
const ALIGNMENT = 64;
const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

const CODES: Readonly<Record<string, string>> = {
  bool: "b1",
  int8: "i1",
  int16: "i2",
  int32: "i4",
  int64: "i8",
  uint8: "u1",
  uint16: "u2",
  uint32: "u4",
  uint64: "u8",
  float16: "f2",
  float32: "f4",
  float64: "f8",
  complex64: "c8",
  complex128: "c16",
};
const DTYPES = new Map((Object.keys(ELEMENTS) as DType[]).map((dtype) => [codeOf(dtype), dtype]));

/** Returns the code of a type without its byte order: `u2`, `M8[ns]`. */
function codeOf(dtype: DType): string {
  return CODES[dtype] ?? dtype.replace("datetime64", "M8").replace("timedelta64", "m8");
}

/** Encodes a header in C order and native byte order; version 1.0 if it fits, else 2.0. */
export function encodeNpyHeader(dtype: DType, shape: readonly number[]): Uint8Array {
  const code = codeOf(dtype);
  const order = code.endsWith("1") ? "|" : HOST_BIG_ENDIAN ? ">" : "<";
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dict = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${dims}), }`;
  const version = dict.length + ALIGNMENT < 65_536 ? 1 : 2;
  const prefix = version === 1 ? 10 : 12;
  const size = Math.ceil((prefix + dict.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = new Uint8Array(size).fill(0x20);
  header.set(MAGIC);
  header.set([version, 0], 6);
  const view = new DataView(header.buffer);
  if (version === 1) view.setUint16(8, size - prefix, true);
  else view.setUint32(8, size - prefix, true);
  new TextEncoder().encodeInto(dict, header.subarray(prefix));
  header[size - 1] = 0x0a;
  return header;
}

/**
 * Parses a header without evaluating it.
 *
 * @throws {RegistryError} `Corrupt` for a damaged one, `Unsupported` for other versions and
 * elements
 */
export function parseNpyHeader(bytes: Uint8Array, path: string): NpyHeader {
  if (bytes.byteLength < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw corruptNpy(path, "not a .npy file");
  }
  const [version = 0, minor] = bytes.subarray(6);
  if (version < 1 || version > 3 || minor !== 0) {
    const formatVersion = `${version}.${minor}`;
    throw unsupportedNpy(
      path,
      `its format version is ${formatVersion}, supported are 1.0, 2.0 and 3.0`,
    );
  }
  const prefix = version === 1 ? 10 : 12;
  if (bytes.byteLength < prefix) throw corruptNpy(path, "header is truncated");
  const view = viewOf(bytes);
  const size = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (size > MAX_HEADER_BYTES) {
    throw unsupportedNpy(path, `its header has ${size} bytes, ${MAX_HEADER_BYTES} are allowed`);
  }
  if (bytes.byteLength < prefix + size) throw corruptNpy(path, "header is truncated");
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(
    bytes.subarray(prefix, prefix + size),
  );
  const { descr, fortranOrder, shape } = parseDict(text, path);
  const dtype = DTYPES.get(descr.slice(1));
  if (dtype === undefined || !/^[<>]|^\|.1$/.test(descr)) {
    const state = `its elements of type ${shown(descr)} are not supported numbers or times`;
    throw unsupportedNpy(path, state);
  }
  return { dtype, bigEndian: descr[0] === ">", fortranOrder, shape, dataOffset: prefix + size };
}

const SPACE = /\s*/y;
const TEXT = /'([^'\\\n]*)'|"([^"\\\n]*)"/y;
const BOOL = /True|False/y;
/** Unambiguous, so that it cannot backtrack. */
const TUPLE = /\(\s*((?:(?:0|[1-9]\d*)L?\s*,\s*)*(?:(?:0|[1-9]\d*)L?\s*)?)\)/y;

/** Parses the dictionary of a header. Python 2 wrote long integers with an `L`. */
function parseDict(
  text: string,
  path: string,
): { descr: string; fortranOrder: boolean; shape: number[] } {
  let at = 0;
  function take(token: RegExp): string | undefined {
    SPACE.lastIndex = at;
    token.lastIndex = at + (SPACE.exec(text)?.[0].length ?? 0);
    const match = token.exec(text);
    if (match === null) return undefined;
    at = token.lastIndex;
    return match[1] ?? match[2] ?? match[0];
  }
  function need(token: RegExp): string {
    const match = take(token);
    if (match === undefined) throw corruptNpy(path, `invalid header at character ${at}`);
    return match;
  }

  const fields: { descr?: string; fortran_order?: string; shape?: string } = {};
  need(/\{/y);
  while (take(/\}/y) === undefined) {
    const key = need(TEXT);
    need(/:/y);
    if (Object.hasOwn(fields, key)) throw corruptNpy(path, `duplicate header key "${key}"`);
    if (key === "descr") {
      if (take(/[[(]/y) !== undefined) throw unsupportedNpy(path, "its elements are structured");
      fields.descr = need(TEXT);
    } else if (key === "fortran_order") fields.fortran_order = need(BOOL);
    else if (key === "shape") fields.shape = need(TUPLE);
    else throw corruptNpy(path, `unknown header key ${shown(key)}`);
    if (take(/,/y) === undefined && take(/(?=\})/y) === undefined) need(/,/y);
  }
  if (text.slice(at).trim() !== "") throw corruptNpy(path, "header has trailing characters");
  const { descr, fortran_order, shape } = fields;
  if (descr === undefined || fortran_order === undefined || shape === undefined) {
    throw corruptNpy(path, "its header lacks descr, fortran_order or shape");
  }
  if (/^\d+L?\s*$/.test(shape)) throw corruptNpy(path, "shape is not a tuple"); // (3) is a number
  const dims = Array.from(shape.matchAll(/\d+/g), Number);
  if (!dims.every(Number.isSafeInteger)) throw corruptNpy(path, "shape is too large");
  return { descr, fortranOrder: fortran_order === "True", shape: dims };
}

export const corruptNpy: FileFault = corruptFile("array");

function unsupportedNpy(path: string, state: string): RegistryError {
  return unsupported("read array", shown(path), state, {
    hint: "Read its bytes with registry.open(ref) and file(path).bytes(), or save it as numbers.",
    reason: { kind: "array_unsupported" },
  });
}

// Types, shapes and values of HDF5, as text.
import { Fields, type Hdf5File } from "./fields.ts";

export interface DataType {
  /** As shown: `float32`, `string`. */
  readonly name: string;
  /** Bytes of an element. */
  readonly bytes: number;
  readonly isNumber: boolean;
  /** Reads one element, if it can be shown. */
  readonly read?: (fields: Fields, file: Hdf5File) => string | Promise<string>;
}

const MAX_DEPTH = 4;
const MAX_TEXT_BYTES = 4096;

/** Reads a type. */
export function readType(fields: Fields, depth = 0): DataType {
  const [kind, bits] = [fields.uint(1), fields.uint(1)];
  const bytes = fields.skip(2).uint(4);
  const isLittle = (bits & 1) === 0;
  const other = (name: string): DataType => ({ name, bytes, isNumber: false });
  switch (kind & 15) {
    case 0:
      return integerType(bytes, (bits & 8) !== 0, isLittle);
    case 1:
      return floatType(bytes, fields.skip(5).uint(1), isLittle);
    case 3:
      return { ...other("string"), read: (from) => shortText(from.text(bytes)) };
    case 6:
      return other("compound");
    case 7:
      return other("reference");
    case 8:
      return { ...(depth < MAX_DEPTH ? readType(fields, depth + 1) : other("")), name: "enum" };
    case 9: {
      const isText = (bits & 15) === 1;
      return isText ? { ...other("string"), read: variableText } : other("list");
    }
    case 10:
      return other("array");
    default:
      return other(["", "", "time", "", "bitfield", "opaque"][kind & 15] || "unknown");
  }
}

function integerType(bytes: number, isSigned: boolean, isLittle: boolean): DataType {
  const read = (from: Fields) => integerText(from.view(bytes), isSigned, isLittle);
  const name = `${isSigned ? "int" : "uint"}${bytes * 8}`;
  return { name, bytes, isNumber: true, ...[1, 2, 4, 8].includes(bytes) && { read } };
}

function floatType(bytes: number, exponentBits: number, isLittle: boolean): DataType {
  const name = bytes === 2 && exponentBits === 8 ? "bfloat16" : `float${bytes * 8}`;
  const read = (from: Fields) => floatText(from.view(bytes), isLittle);
  return { name, bytes, isNumber: true, ...[4, 8].includes(bytes) && { read } };
}

function integerText(view: DataView, isSigned: boolean, isLittle: boolean): string {
  switch (view.byteLength) {
    case 1:
      return String(isSigned ? view.getInt8(0) : view.getUint8(0));
    case 2:
      return String(isSigned ? view.getInt16(0, isLittle) : view.getUint16(0, isLittle));
    case 4:
      return String(isSigned ? view.getInt32(0, isLittle) : view.getUint32(0, isLittle));
    default:
      return String(isSigned ? view.getBigInt64(0, isLittle) : view.getBigUint64(0, isLittle));
  }
}

function floatText(view: DataView, isLittle: boolean): string {
  return view.byteLength === 4
    ? String(Number(view.getFloat32(0, isLittle).toPrecision(7)))
    : String(view.getFloat64(0, isLittle));
}

function shortText(text: string): string {
  return text.length > MAX_TEXT_BYTES ? `${text.slice(0, MAX_TEXT_BYTES)}…` : text;
}

/** Reads a string of the global heap. */
async function variableText(from: Fields, file: Hdf5File): Promise<string> {
  const [length, heap, index] = [from.uint(4), from.address(), from.uint(4)];
  if (length === 0 || heap === undefined) return "";
  const { lengthBytes } = file;
  const begin = new Fields(file, await file.reader.view(heap, 8 + lengthBytes));
  if (begin.text(4) !== "GCOL") throw file.reader.damaged(`no heap at ${heap}`);
  const end = heap + begin.skip(4).length();
  for (let at = heap + 8 + lengthBytes; at + 8 + lengthBytes <= end;) {
    const object = new Fields(file, await file.reader.view(at, 8 + lengthBytes));
    const id = object.uint(2);
    const size = object.skip(6).length();
    if (id === 0) break;
    at += 8 + lengthBytes;
    if (id === index) {
      const shown = Math.min(length, size, MAX_TEXT_BYTES);
      const text = new Fields(file, await file.reader.view(at, shown)).text(shown);
      return Math.min(length, size) > shown ? `${text}…` : text;
    }
    at += Math.ceil(size / 8) * 8;
  }
  throw file.reader.damaged(`no object ${index} in the heap at ${heap}`);
}

const MAX_AXES = 32;

/** Reads a shape; undefined if there is no element. */
export function readShape(fields: Fields, file: Hdf5File): number[] | undefined {
  const [version, axes] = [fields.uint(1), fields.uint(1)];
  const kind = version === 1 ? 1 : fields.skip(1).uint(1);
  if (version === 1) fields.skip(6);
  if (kind === 2) return undefined;
  if (axes > MAX_AXES) throw file.reader.damaged(`a shape has ${axes} axes`);
  return Array.from({ length: axes }, () => fields.length());
}

const SHOWN_ELEMENTS = 8;

/** Returns the first elements of an attribute as text. */
export async function readValues(
  type: DataType,
  shape: readonly number[] | undefined,
  { fields, file }: { fields: Fields; file: Hdf5File },
): Promise<string> {
  if (shape === undefined) return "empty";
  const count = shape.reduce((product, side) => product * side, 1);
  if (type.read === undefined) return `(${type.name})`;
  const shown: string[] = [];
  for (let i = 0; i < Math.min(count, SHOWN_ELEMENTS) && fields.left >= type.bytes; i++) {
    shown.push(await type.read(fields.part(type.bytes), file));
  }
  if (shape.length === 0) return shown[0] ?? "";
  return `[${shown.join(", ")}${count > SHOWN_ELEMENTS ? ", …" : ""}]`;
}

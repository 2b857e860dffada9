// Values that are stored in files beside `data.json`: bytes, arrays of numbers, blobs.
import type { FileToSave } from "../../core/materializer.ts";
import { isNDArray, type NDArray, type TypedArray } from "../../formats/arrays/ndarray.ts";
import { createBlob, factsOf, isBlob, isBlobFacts } from "../blob.ts";
import { isArrayBuffer, isBytes } from "../bytes.ts";
import { type JsonValue, TAG } from "./json_tags.ts";
import { decodeNpy, encodeNpy, NPY_MEDIA_TYPE } from "../../formats/arrays/npy.ts";
import {
  decodeTypedArray,
  encodeTypedArray,
  isTypedArray,
  typedArrayName,
} from "../typed_array.ts";
import { ownBytes, viewBytes } from "../../formats/arrays/view_bytes.ts";

export type JsonPart = Uint8Array | ArrayBuffer | DataView | TypedArray | NDArray | Blob;

/** Returns true for a value that is stored in its own file. */
export function isJsonPart(value: object): value is JsonPart {
  return isTypedArray(value) || isBytes(value) || isArrayBuffer(value) || isDataView(value) ||
    isBlob(value) || isNDArray(value);
}

function isDataView(value: object): value is DataView {
  return value instanceof DataView && Object.getPrototypeOf(value) === DataView.prototype;
}

export function encodePart(
  value: JsonPart,
  index: number,
): { reference: JsonValue; file: FileToSave } {
  const isArray = isNDArray(value) || isTypedArray(value) && !isBytes(value);
  const path = `parts/${index}.${isArray ? "npy" : "bin"}`;
  const part = (tag: Record<string, JsonValue>, file: Omit<FileToSave, "path">) => {
    return { reference: { ...tag, file: path }, file: { path, ...file } };
  };
  if (isNDArray(value)) {
    const content = encodeNpy(value.dtype, value.shape, value.data);
    return part({ [TAG]: "ndarray" }, { content, mediaType: NPY_MEDIA_TYPE });
  }
  if (isBlob(value)) {
    return part({ [TAG]: "blob", facts: { ...factsOf(value) } }, { content: value });
  }
  if (isBytes(value) || isArrayBuffer(value) || isDataView(value)) {
    const name = isBytes(value) ? "Uint8Array" : isDataView(value) ? "DataView" : "ArrayBuffer";
    return part({ [TAG]: "bytes", class: name }, { content: viewBytes(value) });
  }
  const content = encodeTypedArray(value);
  const tag = { [TAG]: "typed-array", class: typedArrayName(value) };
  return part(tag, { content, mediaType: NPY_MEDIA_TYPE });
}

/** Decodes the part that a tagged object refers to, or returns undefined for another tag. */
export function decodePart(
  tagged: Record<string, unknown>,
  content: Uint8Array,
): JsonPart | undefined {
  const { class: name, facts, file } = tagged;
  switch (tagged[TAG]) {
    case "ndarray":
      return decodeNpy(content, String(file));
    case "typed-array":
      return decodeTypedArray(content, String(name), String(file));
    case "blob":
      return isBlobFacts(facts) ? createBlob(content, facts) : undefined;
    case "bytes":
      return decodeBytes(ownBytes(content), name);
  }
}

function decodeBytes(bytes: Uint8Array<ArrayBuffer>, name: unknown): JsonPart | undefined {
  if (name === "Uint8Array") return bytes;
  if (name === "ArrayBuffer") return bytes.buffer;
  return name === "DataView" ? new DataView(bytes.buffer) : undefined;
}
